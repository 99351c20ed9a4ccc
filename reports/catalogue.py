"""Every report of the house, in the order of the reports centre. Adding one is a class and a line here."""

from reports.base import Report
from reports.definitions.proactive import ProactiveControl

CATALOGUE: tuple[Report, ...] = (ProactiveControl(),)
BY_CODE = {report.code: report for report in CATALOGUE}
