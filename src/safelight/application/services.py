"""All use cases of one node, as the API, the data plane and the composition root see them."""

from dataclasses import dataclass

from safelight.application.access_state import AccessState
from safelight.application.authorize_statement import StatementAuthorizer
from safelight.application.decide_request import DecideRequest
from safelight.application.hold_statement import HoldRegistry
from safelight.application.issue_credential import IssueCredential
from safelight.application.login import Login
from safelight.application.manage_grants import ManageGrants
from safelight.application.manage_incidents import ManageIncidents
from safelight.application.manage_principals import ManagePrincipals
from safelight.application.open_session import OpenSession
from safelight.application.policy_in_force import PolicyInForce
from safelight.application.request_access import RequestAccess
from safelight.application.revoke import KillSwitch
from safelight.application.target_directory import TargetDirectory
from safelight.application.timekeeper import Timekeeper


@dataclass(frozen=True, slots=True)
class Services:
    """One node's use cases. Made by :func:`safelight.application.compose.start_services`."""

    access: AccessState
    targets: TargetDirectory
    policy: PolicyInForce
    login: Login
    principals: ManagePrincipals
    incidents: ManageIncidents
    requests: RequestAccess
    decisions: DecideRequest
    grants: ManageGrants
    credentials: IssueCredential
    sessions: OpenSession
    kill: KillSwitch
    holds: HoldRegistry
    statements: StatementAuthorizer
    timekeeper: Timekeeper
