"""Where ministack 1.5.33 is put right, so that it behaves like AWS where iamwatch depends on it.

Nothing of ministack's files is touched: each patch replaces a private name in the running process,
which is why the version is pinned exactly. A patch states what AWS does, what ministack does, and
where the patch itself still differs from AWS. `tests/test_launcher.py` runs ministack with and
without its patches; a test that says `ministack_alone_…` fails when ministack has learnt the
behaviour, and then the patch can go.
"""

from __future__ import annotations

from collections.abc import Callable

from patches import cloudwatch, credentials, eventbridge, functions, iam, journal, queues, sns, tables

#: Name on the command line (`--without NAME`) → what it does. The order does not matter.
ALL: dict[str, Callable[[], None]] = {
    "aws-sources": eventbridge.accept_events_from_aws_sources,
    "put-events-limits": eventbridge.refuse_entries_that_aws_refuses,
    "bus-policies": eventbridge.obey_the_policy_of_a_bus,
    "table-policies": tables.obey_the_policy_of_a_table,
    "buses-elsewhere": eventbridge.hand_on_to_buses_elsewhere,
    "rule-states": eventbridge.deliver_by_the_state_of_the_rule,
    "async-delivery": eventbridge.deliver_with_retries_and_dead_letters,
    "queue-batches": queues.gather_batches_as_aws_does,
    "function-code": functions.insist_on_the_code_of_a_function,
    "destination-roles": functions.ask_the_role_before_an_event_is_kept,
    "function-url-callers": functions.say_who_calls_a_function_url,
    "kept-messages": sns.keep_what_people_would_get,
    "publish-limits": sns.refuse_what_sns_refuses,
    "topic-policies": sns.limit_the_default_policy_of_a_topic,
    "other-credentials": credentials.know_other_credentials,
    "policies-of-a-user": credentials.limit_the_policies_of_a_user,
    "holders-of-keys": credentials.authorise_the_holder_of_a_key,
    "unknown-keys": credentials.deny_whoever_asks_for_a_key_that_nobody_holds,
    "names-of-users": credentials.rename_users,
    "user-and-role-paths": iam.authorise_users_and_roles_by_their_whole_arn,
    "user-lists": iam.authorise_the_list_of_users_by_its_path,
    "parameter-paths": iam.authorise_parameters_by_their_path,
    "session-roles": iam.know_the_role_behind_a_session,
    "secure-transport": iam.take_this_machine_for_secure,
    "condition-keys": iam.know_the_condition_keys_of_our_roles,
    "alarm-expressions": cloudwatch.accept_alarms_on_expressions,
    "iam-journal": journal.record_iam_calls,
}
