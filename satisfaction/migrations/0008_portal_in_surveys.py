from django.db import migrations

# What was marked in a case only is marked in its survey too: the sheets read it there.
MARK = """
UPDATE satisfaction_survey s SET portal_answered = true, portal_on = f.portal_on, portal_score = f.portal_score
FROM satisfaction_followup f WHERE f.survey_id = s.id AND f.brand_portal_answered AND NOT s.portal_answered
"""


class Migration(migrations.Migration):

    dependencies = [
        ('satisfaction', '0007_data_requests_apart'),
    ]

    operations = [
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
