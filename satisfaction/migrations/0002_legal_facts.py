"""What a constraint of one row can't say: legal changes of status, and questions that are frozen once answered."""

from django.db import migrations

MOVES = """
CREATE FUNCTION follow_up_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind <> OLD.kind AND NOT (OLD.kind = 'DETRACTOR' AND OLD.status = 'NOT_STARTED') THEN
    RAISE EXCEPTION 'follow-up %: % can not become %', OLD.id, OLD.kind, NEW.kind USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
       ('NOT_STARTED', 'IN_PROGRESS'), ('NOT_STARTED', 'RESOLVED'), ('NOT_STARTED', 'CLOSED_UNSATISFIED'),
       ('IN_PROGRESS', 'RESOLVED'), ('IN_PROGRESS', 'CLOSED_UNSATISFIED'),
       ('RESOLVED', 'IN_PROGRESS'), ('CLOSED_UNSATISFIED', 'IN_PROGRESS')) THEN
    RAISE EXCEPTION 'follow-up %: % can not become %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER follow_up_moves BEFORE UPDATE OF status, kind ON satisfaction_followup
  FOR EACH ROW EXECUTE FUNCTION follow_up_moves();
"""

FROZEN = """
CREATE FUNCTION question_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM satisfaction_answer WHERE question_id = OLD.id) THEN
    RAISE EXCEPTION 'question % has answers', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER question_frozen BEFORE UPDATE OR DELETE ON satisfaction_question
  FOR EACH ROW EXECUTE FUNCTION question_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("satisfaction", "0001_initial")]

    operations = [
        migrations.RunSQL(MOVES, "DROP TRIGGER follow_up_moves ON satisfaction_followup; DROP FUNCTION follow_up_moves()"),
        migrations.RunSQL(FROZEN, "DROP TRIGGER question_frozen ON satisfaction_question; DROP FUNCTION question_frozen()"),
    ]
