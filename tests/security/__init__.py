"""The catalogue of security and reliability, and where each proof stands.

A name in brackets is the longer form of the night (`NIGHTLY=1 python3 manage.py test tests/nightly`, which ends with the table of figures).
Where the catalogue asks for a negative control, it is the test beside it whose docstring says so.

S1   permission matrix, own and foreign     security/test_access.py, security/matrix.py, security/addresses.py   [nightly/test_matrix.py]
S1b  mass assignment                        security/test_access.py
S2   teeth of S1                            [nightly/test_matrix.py]
S3   default deny                           security/test_access.py
S4   CSRF                                   security/test_access.py
S5   administration site                    security/test_access.py
S6   markup in every text, page, PDF        security/test_hostile_text.py; the browser's policy: browser/conftest.py on every visit
S7   formulas and links in workbooks        security/test_hostile_text.py
S8   hostile spreadsheets                   callcenter/spiga/test_hostile.py, test_reader.py   [nightly/test_imports.py, nightly/test_uploads.py]
S9   pictures                               security/test_hostile_files.py
S10  names and paths of files               security/test_hostile_files.py
S11  what a PDF reaches                     security/test_hostile_files.py
S12  webhook: forged, replayed, shuffled    callcenter/whatsapp/test_webhook.py   [nightly/test_volume.py]
S13  headers of mail                        security/test_hostile_text.py
S14  redirects                              security/test_access.py
S15  sessions                               security/test_access.py
S16  guessing passwords                     security/test_access.py   [nightly/test_volume.py]
S17  weak passwords                         security/test_access.py
S18  downloads: log, quota, approval        security/test_audit.py, security/test_hostile_files.py (every file leaves a line)
S19  audit trail: roles, seals              security/test_audit.py
S20  headers, settings, secrets             security/test_access.py, security/test_operations.py, test_production.py
S21  what an error tells                    security/test_access.py
S22  dependencies                           security/test_dependencies.py
S23  backup and restore                     faults/test_backup.py
S24  habeas data                            security/test_personal_data.py   [nightly/test_erasure.py]
S25  logs                                   security/test_operations.py
S26  container                              security/test_compose.py
S27  one person's load                      callcenter/test_work.py

F1   claims                                 callcenter/domain/test_queue.py   [nightly/test_races.py]
F2   PostgreSQL and web workers die         faults/test_database.py   [nightly/test_chaos.py]
F3   idempotency                            faults/test_lease.py, callcenter/domain/test_queue.py
F4   leases and fences                      faults/test_lease.py   [nightly/test_races.py]
F5   import killed                          callcenter/spiga/test_kills.py   [nightly/test_imports.py]
F6   the same file at once                  callcenter/spiga/test_kills.py
F7   jobs, workers killed                   callcenter/test_work.py   [nightly/test_jobs.py, nightly/test_scale_out.py]
F8   Redis hung or absent                   faults/test_broker.py   [nightly/test_broker.py]
F9   schedule: twice, late, never           faults/test_schedule.py   [nightly/test_races.py, nightly/test_scale_out.py]
F10  poison jobs                            callcenter/test_work.py   [nightly/test_poison.py]
F11  outbox                                 callcenter/whatsapp/test_outbox.py, test_storm.py   [nightly/test_outbox_storm.py]
F12  Ley 2300                               callcenter/domain/test_contact_law.py, test_ledger.py, test_law_audit.py   [nightly/test_law.py]
F13  calendar                               lib/test_calendar.py
F14  any text through any door              faults/test_text.py, lib/test_text.py   [nightly/test_text.py]
F15  disk full                              faults/test_disk.py
F16  migrations                             faults/test_migrations.py   [nightly/test_migrations.py]
F17  report jobs killed                     faults/test_disk.py   [nightly/test_reports.py]
F18  figures                                reports/test_indicators.py, reports/test_editions.py   [nightly/test_reports.py]
F19  soak                                   [nightly/test_soak.py]
F20  restore after a fall                   [nightly/test_chaos.py]
"""
