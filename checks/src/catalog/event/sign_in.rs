//! Key events: who signs in, and with what.

use super::{Entry, Event};
use crate::events::key::{Grade, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Event {
        id: "event-root-used",
        title: "The root user should not be used",
        severity: Severity::High,
        why: "The root user can do everything in the account, and no permission policy of the account limits it.",
        fix: "Confirm the use with the owner of the account. Enable MFA for the root user, remove its access keys, and use roles for the tasks of the record.",
        judged: "Fails for each resource or actor of a verified record of any call for which `userIdentity.type = Root and eventType != AwsServiceEvent and not userIdentity.invokedBy exists and not userIdentity.sessionContext.assumedRoot = true` holds.",
        references: &["https://attack.mitre.org/techniques/T1078/004/"],
        attack: &["T1078.004"],
        sources: &[],
        names: &[],
        failures: false,
        when: When::Each(
            "userIdentity.type = Root and eventType != AwsServiceEvent and not userIdentity.invokedBy exists and not userIdentity.sessionContext.assumedRoot = true",
        ),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-root-session",
        title: "Root sessions of member accounts should be expected",
        severity: Severity::High,
        why: "AssumeRoot gives the management account or a delegated administrator root access to a member account.",
        fix: "Confirm the task with the principal that took the session, and limit `sts:AssumeRoot` to a break-glass role.",
        judged: "Fails for each resource or actor of a verified record of `AssumeRoot`.",
        references: &[
            "https://attack.mitre.org/techniques/T1078/004/",
            "https://attack.mitre.org/techniques/T1548/005/",
        ],
        attack: &["T1078.004", "T1548.005"],
        sources: &["sts.amazonaws.com"],
        names: &["AssumeRoot"],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[("targetPrincipal", "{v}")]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-console-login-no-mfa",
        title: "Users should sign in to the console with MFA",
        severity: Severity::High,
        why: "A stolen password is enough to sign in. Only the root user and IAM users are evaluated: for roles AWS does not record the MFA of the identity provider.",
        fix: "Register an MFA device for the user, and deny actions without MFA in its policies.",
        judged: "Fails for each resource or actor of a verified record of `ConsoleLogin` for which `responseElements.ConsoleLogin = Success and additionalEventData.MFAUsed != Yes and userIdentity.type in (Root, IAMUser)` holds.",
        references: &["https://attack.mitre.org/techniques/T1078/004/"],
        attack: &["T1078.004"],
        sources: &["signin.amazonaws.com"],
        names: &["ConsoleLogin"],
        failures: false,
        when: When::Each(
            "responseElements.ConsoleLogin = Success and additionalEventData.MFAUsed != Yes and userIdentity.type in (Root, IAMUser)",
        ),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-console-login-federated",
        title: "Console sign-ins of roles and federated users should be expected",
        severity: Severity::Info,
        why: "Whether MFA was used is decided at the identity provider and is not in the record.",
        fix: "Compare the sign-in with the log of the identity provider.",
        judged: "Fails for each resource or actor of a verified record of `ConsoleLogin` for which `responseElements.ConsoleLogin = Success and userIdentity.type in (AssumedRole, FederatedUser, SAMLUser)` holds.",
        references: &["https://attack.mitre.org/techniques/T1078/004/"],
        attack: &["T1078.004"],
        sources: &["signin.amazonaws.com"],
        names: &["ConsoleLogin"],
        failures: false,
        when: When::Each(
            "responseElements.ConsoleLogin = Success and userIdentity.type in (AssumedRole, FederatedUser, SAMLUser)",
        ),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-console-login-failed",
        title: "Console sign-ins should not fail",
        severity: Severity::Low,
        why: "Repeated failures can be attempts to guess a password.",
        fix: "Ask the user. If the attempts were not theirs, change the password and review the source addresses.",
        judged: "Fails for each resource or actor of a verified record of `ConsoleLogin, CheckMfa` for which `responseElements.ConsoleLogin = Failure or responseElements.CheckMfa = Failure or errorMessage exists` holds.",
        references: &["https://attack.mitre.org/techniques/T1110/"],
        attack: &["T1110"],
        sources: &["signin.amazonaws.com"],
        names: &["ConsoleLogin", "CheckMfa"],
        failures: true,
        when: When::Each(
            "responseElements.ConsoleLogin = Failure or responseElements.CheckMfa = Failure or errorMessage exists",
        ),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-signin-token",
        title: "Sign-in and federation tokens should be expected",
        severity: Severity::Medium,
        why: "A token turns access keys into a console session that stays valid after the keys are disabled.",
        fix: "If the token was not expected, deny all actions of the user for sessions issued before now, and rotate its keys.",
        judged: "Fails for each resource or actor of a verified record of `GetSigninToken, GetFederationToken`.",
        references: &["https://attack.mitre.org/techniques/T1550/001/"],
        attack: &["T1550.001"],
        sources: &["signin.amazonaws.com", "sts.amazonaws.com"],
        names: &["GetSigninToken", "GetFederationToken"],
        failures: false,
        when: When::Each(""),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-session-token",
        title: "Session tokens of IAM users should be expected",
        severity: Severity::Low,
        why: "GetSessionToken issues temporary keys whose calls do not show the long-term key.",
        fix: "List what the session did with `trailaudit events ask what-did`, and delete the long-term key if it leaked.",
        judged: "Fails for each resource or actor of a verified record of `GetSessionToken` for which `userIdentity.type = IAMUser` holds.",
        references: &["https://attack.mitre.org/techniques/T1550/001/"],
        attack: &["T1550.001"],
        sources: &["sts.amazonaws.com"],
        names: &["GetSessionToken"],
        failures: false,
        when: When::Each("userIdentity.type = IAMUser"),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
];
