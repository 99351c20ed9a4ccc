"""What both reports write, one upon the other: F6 makes stubs that F5 fills, F5 clears up whose F6's activities are."""

from callcenter.spiga.traces import NOTHING, OF_BATCH, Trace

HISTORY = "showroom"
ACTIVITY = Trace("activity", "crm_audit.Activity", made=OF_BATCH, worked="{x}.judged_at > %(applied)s", name="la actividad «{0}»")
PROSPECT = Trace("prospect", "crm_audit.Prospect", made=OF_BATCH, name="el prospecto {0}",
                 rows_of="SELECT prospect_id AS id, n FROM row_prospect")  # fmt: skip
NOTICE = Trace("notice", "crm_audit.NoticeItem", made=NOTHING, told=False)
ENTRY = Trace("entry", "crm_audit.TrafficEntry", told=False)
PAST = Trace("past", "crm_audit.PastVerdict", told=False)
