//! What a caller alone settles of a request's context. The rest stays open.

use super::context::{Context, Key, Value};
use super::principal::{Caller, CallerKind};

/// Keys that only a service's own calls carry, on behalf of a resource. "Included in the request context only when the
/// call to your resource is made directly by an AWS service principal" (IAM User Guide, global condition keys).
const OF_SERVICES: [&str; 6] = [
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
];

impl Context {
    /// The context of any request of this caller: what its identity says is known, everything else may be anything.
    ///
    /// Add what else is known: tags (and [`Context::close`] `aws:PrincipalTag/`), the organization, the region, and the
    /// clock as [`Key::From`]: what has ended is denied, and grants that begin or end later are conditional, with their
    /// date.
    #[must_use]
    pub fn of_caller(caller: &Caller) -> Self {
        let mut context = Self::unknown();
        context.identity(caller);
        for key in ["aws:CurrentTime", "aws:EpochTime", "aws:RequestedRegion"] {
            context.set(
                key,
                Key::Any {
                    may_be_absent: false,
                },
            );
        }
        for key in ["aws:SecureTransport", "aws:ViaAWSService"] {
            context.set(key, truth(false));
        }
        let service = caller.kind == CallerKind::Service;
        context.set_text(
            "aws:PrincipalIsAWSService",
            if service { "true" } else { "false" },
        );
        if service {
            context.set_text("aws:PrincipalServiceName", &caller.id);
        } else {
            for key in OF_SERVICES {
                context.set(key, Key::Absent);
            }
        }
        context
    }

    fn identity(&mut self, caller: &Caller) {
        if caller.has_account() {
            self.set_text("aws:PrincipalAccount", &caller.account);
            self.set_text("kms:CallerAccount", &caller.account);
        } else {
            for key in [
                "aws:PrincipalArn",
                "aws:PrincipalAccount",
                "aws:PrincipalOrgID",
                "aws:PrincipalOrgPaths",
            ] {
                self.set(key, Key::Absent);
            }
        }
        let federated_user = caller.id.contains(":federated-user/");
        if caller.kind == CallerKind::User && !federated_user {
            self.set_text(
                "aws:username",
                caller.id.rsplit('/').next().unwrap_or_default(),
            );
        } else {
            self.set("aws:username", Key::Absent);
        }
        let kind = match caller.kind {
            CallerKind::Role | CallerKind::AssumedRole | CallerKind::ServiceLinkedRole => {
                "AssumedRole"
            }
            CallerKind::User if federated_user => "FederatedUser",
            CallerKind::User => "User",
            CallerKind::Root => "Account",
            CallerKind::Anonymous => "Anonymous",
            CallerKind::Service | CallerKind::Federated => return,
        };
        self.set_text("aws:PrincipalType", kind);
        if caller.kind == CallerKind::Anonymous {
            return;
        }
        self.set(
            "aws:userid",
            Key::Any {
                may_be_absent: false,
            },
        );
        if caller.kind == CallerKind::Root {
            self.set_text("aws:userid", &caller.account);
        }
        // Of a session it is the ARN of the role, which its own ARN does not hold in full.
        match (caller.kind, &caller.role_arn) {
            (CallerKind::AssumedRole, Some(role)) => self.set_text("aws:PrincipalArn", role),
            (CallerKind::AssumedRole, None) => {
                self.set(
                    "aws:PrincipalArn",
                    Key::Any {
                        may_be_absent: false,
                    },
                );
            }
            _ => self.set_text("aws:PrincipalArn", &caller.id),
        }
        // Long-term access keys carry no word on MFA.
        self.set("aws:MultiFactorAuthPresent", truth(true));
    }

    fn set_text(&mut self, key: &str, value: &str) {
        self.set(key, Key::Known(Value::One(value.to_owned())));
    }
}

fn truth(may_be_absent: bool) -> Key {
    let value = |text: &str| Some(Value::One(text.to_owned()));
    let mut states = vec![value("true"), value("false")];
    if may_be_absent {
        states.push(None);
    }
    Key::OneOf(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn text(context: &Context, key: &str) -> Option<String> {
        match context.key(key) {
            Key::Known(Value::One(text)) => Some(text.clone()),
            Key::Absent => Some("absent".to_owned()),
            Key::Known(Value::Many(_))
            | Key::OneOf(_)
            | Key::Any { .. }
            | Key::Like(_)
            | Key::From(_)
            | Key::AnyBut(_) => None,
        }
    }

    #[test]
    fn users_and_sessions() {
        let user = Caller::new(
            CallerKind::User,
            "arn:aws:iam::111122223333:user/team/ann",
            ACCOUNT,
        );
        let context = Context::of_caller(&user);
        assert_eq!(text(&context, "aws:username").as_deref(), Some("ann"));
        assert_eq!(
            text(&context, "aws:principalarn").as_deref(),
            Some(user.id.as_str())
        );
        assert_eq!(text(&context, "aws:SourceArn").as_deref(), Some("absent"));
        assert_eq!(text(&context, "aws:SourceIp"), None);

        let role = "arn:aws:iam::111122223333:role/a/ops";
        let mut session = Caller::new(
            CallerKind::AssumedRole,
            "arn:aws:sts::111122223333:assumed-role/ops/me",
            ACCOUNT,
        );
        assert_eq!(
            text(&Context::of_caller(&session), "aws:PrincipalArn"),
            None
        );
        session.role_arn = Some(role.to_owned());
        let context = Context::of_caller(&session);
        assert_eq!(text(&context, "aws:PrincipalArn").as_deref(), Some(role));
        assert_eq!(text(&context, "aws:username").as_deref(), Some("absent"));
    }

    #[test]
    fn services_and_strangers() {
        let service = Context::of_caller(&Caller::service("cloudtrail.amazonaws.com"));
        assert_eq!(
            text(&service, "aws:PrincipalIsAWSService").as_deref(),
            Some("true")
        );
        assert_eq!(text(&service, "aws:SourceArn"), None);
        let stranger = Context::of_caller(&Caller::anonymous());
        assert_eq!(
            text(&stranger, "aws:PrincipalArn").as_deref(),
            Some("absent")
        );
        assert_eq!(
            text(&stranger, "aws:PrincipalType").as_deref(),
            Some("Anonymous")
        );
    }

    #[test]
    fn closed_prefixes() {
        let mut context = Context::unknown().with("aws:PrincipalTag/team", "a");
        context.close("aws:PrincipalTag/");
        assert_eq!(
            text(&context, "aws:principaltag/TEAM").as_deref(),
            Some("a")
        );
        assert_eq!(
            text(&context, "aws:PrincipalTag/other").as_deref(),
            Some("absent")
        );
        assert_eq!(text(&context, "aws:ResourceTag/other"), None);
    }
}
