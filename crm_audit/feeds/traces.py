"""What both reports write, one upon the other: F6 makes stubs that F5 fills, F5 clears up whose F6's activities are."""

from callcenter.spiga.traces import NOTHING, OF_BATCH, Trace

HISTORY = "showroom"
ACTIVITY = Trace("activity", "crm_audit.Activity", made=OF_BATCH, worked="{x}.judged_at > %(applied)s", name="la actividad «{0}»")
PROSPECT = Trace("prospect", "crm_audit.Prospect", made=OF_BATCH, name="el prospecto {0}",
                 row="(SELECT min(r.n) FROM row_prospect r WHERE r.prospect_id = {x}.id)")  # fmt: skip
NOTICE = Trace("notice", "crm_audit.NoticeItem", made=NOTHING, told=False)
ENTRY = Trace("entry", "crm_audit.TrafficEntry", told=False)
PAST = Trace("past", "crm_audit.PastVerdict", told=False)
