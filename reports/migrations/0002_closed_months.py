"""What no model option can say."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    operations = [
        # A closed month does not move: whoever asks, the database answers no.
        migrations.RunSQL(
            """
            CREATE FUNCTION reports_snapshot_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'a closed indicator does not change'; END $$;
            CREATE TRIGGER snapshot_is_final BEFORE UPDATE OR DELETE ON reports_indicatorsnapshot
            FOR EACH ROW EXECUTE FUNCTION reports_snapshot_is_final();
            """,
            "DROP TRIGGER snapshot_is_final ON reports_indicatorsnapshot; DROP FUNCTION reports_snapshot_is_final();",
        ),
    ]
