"""IAM: the credentials of a user that are no access keys, and how many policies fit on one user."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.services import iam

#: AWS's default; it can be raised to 20.
MOST_POLICIES = 10

Params = Any


def know_other_credentials() -> None:
    """AWS has service-specific credentials, SSH keys and signing certificates. ministack has none of them.

    They are kept with the user. Differences to AWS: no secret, key or certificate is checked or kept, and a user may have
    any number of them.
    """
    kinds = (
        ("ServiceSpecificCredential", "ServiceSpecificCredentials", "ServiceSpecificCredentialId", "ACCA", "Create"),
        ("SSHPublicKey", "SSHPublicKeys", "SSHPublicKeyId", "APKA", "Upload"),
        ("SigningCertificate", "Certificates", "CertificateId", "CERT", "Upload"),
    )
    for kind, listed, id_name, prefix, verb in kinds:
        plural = kind.replace("Key", "Keys") if kind.endswith("Key") else f"{kind}s"
        iam._IAM_HANDLERS[f"List{plural}"] = _lists(listed, id_name, f"List{plural}")
        iam._IAM_HANDLERS[f"Update{kind}"] = _updates(id_name, f"Update{kind}")
        iam._IAM_HANDLERS[f"{verb}{kind}"] = _makes(listed, id_name, prefix, f"{verb}{kind}")


def _held(user: dict[str, Any]) -> dict[str, dict[str, str]]:
    held: dict[str, dict[str, str]] = user.setdefault("OtherCredentials", {})
    return held


def _user(p: Params) -> tuple[dict[str, Any] | None, Any]:
    name = iam._p(p, "UserName")
    user = iam._users.get(name)
    return user, None if user else iam._error(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def _member(credential: dict[str, str]) -> str:
    return "".join(f"<{key}>{value}</{key}>" for key, value in credential.items() if key != "Of")


def _lists(listed: str, id_name: str, call: str) -> Callable[[Params], Any]:
    def lists(p: Params) -> Any:
        user, missing = _user(p)
        if user is None:
            return missing
        members = [c for c in _held(user).values() if c["Of"] == id_name]
        inner = "".join(f"<member>{_member(c)}</member>" for c in members)
        truncated = "<IsTruncated>false</IsTruncated>"
        body = f"<{call}Result><{listed}>{inner}</{listed}>{truncated}</{call}Result>"
        return iam._xml(200, f"{call}Response", body)

    return lists


def _updates(id_name: str, call: str) -> Callable[[Params], Any]:
    def updates(p: Params) -> Any:
        user, missing = _user(p)
        if user is None:
            return missing
        credential = _held(user).get(iam._p(p, id_name))
        if credential is None or credential["Of"] != id_name:
            return iam._error(404, "NoSuchEntity", f"The {id_name} cannot be found.")
        credential["Status"] = iam._p(p, "Status")
        return iam._xml(200, f"{call}Response", "")

    return updates


def _makes(listed: str, id_name: str, prefix: str, call: str) -> Callable[[Params], Any]:
    def makes(p: Params) -> Any:
        user, missing = _user(p)
        if user is None:
            return missing
        made = {
            "Of": id_name,
            "UserName": iam._p(p, "UserName"),
            id_name: f"{prefix}{secrets.token_hex(10).upper()}",
            "Status": "Active",
            "ServiceName": iam._p(p, "ServiceName") or "codecommit.amazonaws.com",
            "ServiceUserName": "none",
            "CreateDate": iam._now(),
            "UploadDate": iam._now(),
            "CertificateBody": "none",
            "SSHPublicKeyBody": "none",
            "Fingerprint": "none",
        }
        _held(user)[made[id_name]] = made
        one = listed.removesuffix("s")
        return iam._xml(200, f"{call}Response", f"<{call}Result><{one}>{_member(made)}</{one}></{call}Result>")

    return makes


def limit_the_policies_of_a_user() -> None:
    """AWS attaches ten policies to a user and answers LimitExceeded to the eleventh. ministack attaches any number."""
    attach = iam._IAM_HANDLERS["AttachUserPolicy"]

    def limited(p: Params) -> Any:
        user = iam._users.get(iam._p(p, "UserName"))
        attached = user["AttachedPolicies"] if user else []
        if len(attached) >= MOST_POLICIES and iam._p(p, "PolicyArn") not in attached:
            return iam._error(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerUser: {MOST_POLICIES}")
        return attach(p)

    iam._IAM_HANDLERS["AttachUserPolicy"] = limited


def authorise_the_holder_of_a_key() -> None:
    """AWS judges GetAccessKeyLastUsed by the user that holds the key. ministack knows no resource for it."""
    extract = iam_actions.extract_resource_arn

    def by_holder(
        service: str, method: str, path: str, headers: Any, body: bytes, parameters: Any, region: str, account_id: str
    ) -> str:
        arn: str = extract(service, method, path, headers, body, parameters, region, account_id)
        if service != "iam" or arn != "*":
            return arn
        key = iam._access_keys.get(iam_actions._query_param(parameters, "AccessKeyId") or "")
        user = iam._users.get(key["UserName"]) if key else None
        return str(user["Arn"]) if user else f"arn:aws:iam::{account_id}:user/-"

    iam_actions.extract_resource_arn = by_holder


def deny_whoever_asks_for_a_key_that_nobody_holds() -> None:
    """AWS answers AccessDenied of a key of another account, or that does not exist. ministack answers NoSuchEntity."""
    last_used = iam._IAM_HANDLERS["GetAccessKeyLastUsed"]

    def known(p: Params) -> Any:
        key = iam._p(p, "AccessKeyId")
        if key in iam._access_keys:
            return last_used(p)
        call = "iam:GetAccessKeyLastUsed"
        return iam._error(403, "AccessDenied", f"The caller is not authorized to perform: {call} on resource: access key {key}")

    iam._IAM_HANDLERS["GetAccessKeyLastUsed"] = known


def rename_users() -> None:
    """AWS gives a user another name by UpdateUser: it is the same user with all that it has. ministack does not know the call.

    Differences to AWS: groups, MFA devices and passwords stay with the old name, and no path is changed.
    """

    def update(p: Params) -> Any:
        user, missing = _user(p)
        if user is None:
            return missing
        old, new = iam._p(p, "UserName"), iam._p(p, "NewUserName")
        if new in iam._users:
            return iam._error(409, "EntityAlreadyExists", f"User with name {new} already exists.")
        iam._users.pop(old, None)
        user.update(UserName=new, Arn=f"{user['Arn'].rsplit('/', 1)[0]}/{new}")
        iam._users[new] = user
        policies = iam._user_inline_policies.get(old)
        if policies is not None:
            iam._user_inline_policies.pop(old, None)
            iam._user_inline_policies[new] = policies
        for key in iam._access_keys.values():
            if key["UserName"] == old:
                key["UserName"] = new
        return iam._xml(200, "UpdateUserResponse", "")

    iam._IAM_HANDLERS["UpdateUser"] = update
