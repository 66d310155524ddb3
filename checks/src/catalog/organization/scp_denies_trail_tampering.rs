//! Members cannot stop, delete or change trails, whatever permissions their account gives them.

use super::members::{Tally, kinds, members, nobody, unknown};
use crate::access::{self, table as tamper_actions};
use crate::bound::Exemptions;
use crate::catalog::confused_deputy;
use crate::control_policies::{Control, Over, Somebody};
use crate::inventory::organization::DelegatedAdministrator;
use crate::policy::{self, Target};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-denies-trail-tampering",
    title: "An SCP should deny stopping, deleting and changing trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Administrators of an account can grant any permission in it. Only an SCP restricts them and the root user \
          of the account.",
    fix: "Create an SCP that denies cloudtrail:StopLogging, cloudtrail:DeleteTrail, cloudtrail:UpdateTrail and \
          cloudtrail:PutEventSelectors to all principals: `aws organizations create-policy --name NAME --type \
          SERVICE_CONTROL_POLICY --description TEXT --content file://scp.json`. Attach it to the root: `aws \
          organizations attach-policy --policy-id POLICY_ID --target-id ROOT_ID`. Exempt at most a break-glass role \
          by its full ARN (`ArnNotEquals` on aws:PrincipalArn), never by a wildcard, a path or a tag.",
    judged: "Evaluates the SCPs over member accounts for all kinds of principals (root user, IAM users, federated \
             users, roles of any name, path and tag): stopping, deleting and changing a trail and its selectors must \
             be denied on the account's own trails, or on all trails that it can see. Principals exempt by name are \
             reported. An exemption by wildcard, path, tag or kind fails. SCPs do not apply to service-linked roles \
             and the management account.",
    alike: &[
        "A Deny that exempts `arn:aws:iam::*:role/break-glass` passes; one that exempts every IAM user or `role/*/*` \
         fails.",
        "A Deny on all trails that exist passes, and the evidence says that later trails are not covered; a Deny that \
         omits one of them fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
    ],
    run: Run::Organization(run),
};

/// The actions that stop, delete or change a trail, by the table.
pub(super) fn actions() -> Vec<&'static str> {
    let all = tamper_actions().denied_by(access::Control::TrailScp);
    all.map(|it| it.action.as_str()).collect()
}

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let members = members(ctx);
    if members.is_empty() {
        return nobody(organization);
    }
    let control = ctx.control_of(organization);
    let mut open = Vec::from_iter(organization.accounts.known().err());
    let mut tally = Tally::default();
    for account in &members {
        let one = protects(&control, account, ctx);
        if let Protection::Everything | Protection::Existing(_) = one.protection {
            let verdict = Verdict::pass(format!(
                "SCPs deny stopping, deleting and changing the trails of account {}; SCPs do not apply to the management account",
                account.id
            ));
            let verdict = verdict.saw("Account", &account.id);
            let mut told = Tally::default();
            told.exempt(&one.exempt);
            return Ok(told.told(one.protection.told(verdict), false));
        }
        tally.exempt(&one.exempt);
        match one.protection {
            Protection::Open(gaps) => {
                open.push(gaps.unwrap_or_else(|| unknown(organization, ctx)));
            }
            Protection::Left(what) => tally.left.push(format!("{what} in {}", account.id)),
            Protection::Everything | Protection::Existing(_) => {}
        }
    }
    if let Some(gaps) = Gaps::collect(open) {
        return Err(gaps);
    }
    let words = (
        "",
        "no SCP denies stopping, deleting and changing trails in any member account; still allowed",
    );
    tally.all(organization, ctx, words)
}

/// What SCPs do for the trails of one member account.
pub(super) enum Protection {
    /// They deny the actions on every trail, also on those made later.
    Everything,
    /// They deny them on the trails that exist: these.
    Existing(Vec<String>),
    /// They leave this.
    Left(String),
    /// It cannot be determined; the gaps where they are not those of the policies.
    Open(Option<Gaps>),
}

impl Protection {
    /// That a list of trails is no protection of later ones, as evidence.
    pub(super) fn told(&self, verdict: Verdict) -> Verdict {
        match self {
            Protection::Existing(trails) => verdict.saw("trails named in SCPs", trails).saw(
                "trails created later",
                "not protected unless the SCPs name them",
            ),
            Protection::Everything | Protection::Left(_) | Protection::Open(_) => verdict,
        }
    }
}

/// What SCPs do for one member account, and whom they exempt.
pub(super) struct Protected {
    pub(super) protection: Protection,
    pub(super) exempt: Exemptions,
}

/// Evaluates the SCPs over a member account on its trails: its own, and the organization's, which it sees too.
pub(super) fn protects(control: &Control<'_>, account: &Account, ctx: &Context<'_>) -> Protected {
    let partition = &ctx.inventory.header.scope.partition;
    let actions = actions();
    let mut over = control.over(Somebody::Inside, account, partition, &actions);
    let any = Target::Matching(format!(
        "arn:{partition}:cloudtrail:*:{}:trail/*",
        account.id
    ));
    let trails = existing(account, ctx);
    let mut named = false;
    for action in actions {
        let all = over.left(action, &any, None);
        let listed = match trails.arns.is_empty() {
            true => all.clone(),
            false => over.left(action, &Target::OneOf(trails.arns.clone()), None),
        };
        let denied = policy::Verdict::Denied;
        match (all.verdict, listed.verdict) {
            (all, listed) if all == denied && (listed == denied || !trails.administers) => {}
            (_, listed) if listed == denied => named = true,
            (_, policy::Verdict::Unknown) => return over.says(Protection::Open(None)),
            _ => {
                let what = format!("{action} (to {})", kinds(&listed.kinds));
                return over.says(Protection::Left(what));
            }
        }
    }
    if !named {
        return over.says(Protection::Everything);
    }
    let protection = match Gaps::collect(trails.hidden) {
        Some(gaps) => Protection::Open(Some(gaps)),
        None => Protection::Existing(trails.arns),
    };
    over.says(protection)
}

impl Over<'_> {
    fn says(self, protection: Protection) -> Protected {
        Protected {
            protection,
            exempt: self.exempt,
        }
    }
}

/// The trails that a member account could stop, or sees.
struct Existing {
    arns: Vec<String>,
    /// It is registered with CloudTrail to administer the organization's trails.
    administers: bool,
    /// What may hide another.
    hidden: Vec<Gaps>,
}

fn existing(account: &Account, ctx: &Context<'_>) -> Existing {
    let inventory = ctx.inventory;
    let ours = |trail: &&Trail| {
        let shared = trail.configuration.organization.ok() == Some(&true);
        trail.account == account.id || shared
    };
    // A trail of another account that may be the organization's.
    let unsure = inventory.trails.values();
    let unsure = unsure.filter_map(|it| it.configuration.organization.known().err());
    let organization = inventory.organization.ok().and_then(Option::as_ref);
    let management = organization.map(|it| &it.management_account);
    let seen = [Some(&account.id), management].into_iter().flatten();
    let hidden = seen.filter_map(|id| confused_deputy::hidden_trails(ctx, id));
    let administers = |administrator: &DelegatedAdministrator| {
        let services = administrator.services.ok();
        let cloudtrail = |all: &Vec<String>| all.iter().any(|it| it == confused_deputy::CLOUDTRAIL);
        administrator.account == account.id && services.is_none_or(cloudtrail)
    };
    let registered = organization.and_then(|it| it.delegated_administrators.ok());
    Existing {
        arns: inventory
            .trails
            .values()
            .filter(ours)
            .map(|it| it.arn.to_string())
            .collect(),
        administers: registered.is_some_and(|all| all.iter().any(administers)),
        hidden: hidden.chain(unsure).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let deny = |actions: &str, condition: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","Action":{actions},"Resource":"*"{condition}}}"#
            ))
        };
        let four = r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail","cloudtrail:PutEventSelectors"]"#;
        let three =
            r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail"]"#;
        let glass =
            r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/break-glass"}}"#;
        let exempt =
            |arns: &str| format!(r#","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":{arns}}}}}"#);
        let wide = r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#;
        table(
            &CHECK,
            [
                (Pass, deny(four, "")),
                (Fail, deny(three, "")),
                (Pass, deny(r#""cloudtrail:*""#, glass)),
                (Fail, deny(four, wide)),
                (Fail, deny(four, &exempt(r#""arn:aws:iam::*:user/*""#))),
                (Fail, deny(four, &exempt(r#""arn:aws:iam::*:role/*/*""#))),
                (
                    Fail,
                    deny(four, &exempt(r#""arn:aws:iam::*:role/*Admin*""#)),
                ),
                (Fail, deny(four, &exempt(r#""arn:aws:iam::*:root""#))),
                (
                    Pass,
                    deny(four, &exempt(r#""arn:aws:iam::*:role/ops/break-glass""#)),
                ),
                (
                    Pass,
                    deny(
                        four,
                        &exempt(r#"["arn:aws:iam::*:role/a","arn:aws:iam::*:user/b"]"#),
                    ),
                ),
                (
                    Fail,
                    deny(
                        four,
                        r#","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"sec"}}"#,
                    ),
                ),
                (
                    Fail,
                    deny(
                        four,
                        r#","Condition":{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::*:user/*","arn:aws:iam::*:root"]}}"#,
                    ),
                ),
                // No SCP binds service-linked roles: to exempt them changes nothing.
                (
                    Pass,
                    deny(four, &exempt(r#""arn:aws:iam::*:role/aws-service-role/*""#)),
                ),
                (
                    Fail,
                    deny(
                        four,
                        r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
                    ),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    deny(four, "").and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        of.policies = denied(calls::LIST_POLICIES);
                    }),
                ),
            ],
        );
    }

    /// Each kind of principal by a statement of its own, actions and resources by what they leave out.
    #[test]
    fn other_ways_to_say_it() {
        let only = |arns: &[&str]| {
            let deny = |arn: &&str| {
                format!(
                    r#"{{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*","Condition":{{"ArnLike":{{"aws:PrincipalArn":"{arn}"}}}}}}"#
                )
            };
            scp(&arns.iter().map(deny).collect::<Vec<_>>().join(","))
        };
        let (roles, users) = ("arn:aws:iam::*:role/*", "arn:aws:iam::*:user/*");
        let (root, federated) = ("arn:aws:iam::*:root", "arn:aws:sts::*:federated-user/*");
        let deny = |rest: &str| scp(&format!(r#"{{"Effect":"Deny",{rest}}}"#));
        let but = |condition: &str| {
            deny(&format!(
                r#""Action":"cloudtrail:*","Resource":"*","Condition":{{{condition}}}"#
            ))
        };
        let sso = r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*"}"#;
        let glass = r#""ArnNotLike":{"AWS:PRINCIPALARN":"arn:aws:iam::*:role/glass"}"#;
        table(
            &CHECK,
            [
                (Pass, only(&[roles, users, root, federated])),
                (Fail, only(&[roles, users, federated])),
                (Fail, only(&[roles, root, federated])),
                (Fail, only(&[users, root, federated])),
                (
                    Fail,
                    only(&["arn:aws:iam::*:role/?????*", users, root, federated]),
                ),
                (Pass, deny(r#""NotAction":["iam:*","s3:*"],"Resource":"*""#)),
                (
                    Fail,
                    deny(r#""NotAction":["iam:*","cloudtrail:Put*"],"Resource":"*""#),
                ),
                (
                    Pass,
                    deny(
                        r#""Action":["CLOUDTRAIL:STOPLOGGING","cloudtrail:deletetrail","cloudtrail:UpdateTrail","cloudtrail:puteventselectors"],"Resource":"*""#,
                    ),
                ),
                (
                    Fail,
                    deny(
                        r#""Action":"cloudtrail:*","NotResource":"arn:aws:cloudtrail:*:*:trail/m*""#,
                    ),
                ),
                (
                    Fail,
                    deny(
                        r#""Action":"cloudtrail:*","Resource":"arn:aws-us-gov:cloudtrail:*:*:trail/*""#,
                    ),
                ),
                (Pass, but(glass)),
                (Fail, but(sso)),
                // Both must hold: whoever has the tag escapes.
                (
                    Fail,
                    but(&format!(
                        r#"{glass},"StringNotEquals":{{"aws:PrincipalTag/team":"sec"}}"#
                    )),
                ),
                (Fail, but(r#""Null":{"aws:PrincipalTag/glass":"true"}"#)),
                (
                    Pass,
                    but(r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#),
                ),
                (Fail, but(r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#)),
            ],
        );
    }

    /// On some trails only.
    fn on(trails: &str) -> Case {
        scp(&format!(
            r#"{{"Effect":"Deny","Action":"cloudtrail:*","Resource":{trails}}}"#
        ))
    }

    fn with_own(case: Case) -> Case {
        case.and(|inventory| add_trail(inventory, "222222222222", HOME, "own", |_| {}))
    }

    /// CloudTrail has no delegated administrator.
    fn unregistered(case: Case) -> Case {
        case.and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.delegated_administrators = Known(Vec::new());
        })
    }

    /// "Its trails" are those that exist: a list of all of them is enough, a list with a hole is not.
    #[test]
    fn named_trails() {
        let main = format!(r#""{TRAIL_ARN}""#);
        let own = "arn:aws:cloudtrail:*:222222222222:trail/own";
        let every = r#""arn:aws:cloudtrail:*:222222222222:trail/*""#;
        table(
            &CHECK,
            [
                (Pass, on(&main)),
                (Pass, on(r#""arn:aws:cloudtrail:*:*:trail/ma*""#)),
                (
                    Fail,
                    on(r#""arn:aws:cloudtrail:*:*:trail/aws-controltower-*""#),
                ),
                (Fail, with_own(on(&main))),
                (Pass, with_own(on(&format!(r#"[{main},"{own}"]"#)))),
                // Every trail of the account: the organization's is out of its reach,
                (Pass, unregistered(with_own(on(every)))),
                // unless it administers that one.
                (Fail, with_own(on(every))),
                (
                    Unknown,
                    on(&main).and(|inventory| {
                        let at = (AccountId::from("222222222222"), Region::from(HOME));
                        inventory.regions.get_mut(&at).unwrap().trails =
                            denied(calls::DESCRIBE_TRAILS);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn later_trails_are_told() {
        let told = |case: &Case| {
            let findings = case.findings(&[&CHECK]);
            let evidence = &findings.first().unwrap().evidence;
            evidence.iter().any(|it| it.what == "trails created later")
        };
        assert!(told(&on(&format!(r#""{TRAIL_ARN}""#))));
        assert!(!told(&on(r#""*""#)));
    }

    #[test]
    fn exempt_principals_are_told() {
        let glass = r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/break-glass"}}}"#;
        let findings = scp(glass).findings(&[&CHECK]);
        let evidence = &findings.first().unwrap().evidence;
        let named = evidence
            .iter()
            .find(|it| it.what == "exempt by name")
            .unwrap();
        let expected = serde_json::json!(["arn:aws:iam::*:role/break-glass"]);
        assert_eq!(named.seen, Some(expected));
    }

    #[test]
    fn each_action_counts() {
        for left_out in actions() {
            let rest: Vec<&str> = actions().into_iter().filter(|it| *it != left_out).collect();
            let rest = serde_json::to_string(&rest).unwrap();
            let case = scp(&format!(
                r#"{{"Effect":"Deny","Action":{rest},"Resource":"*"}}"#
            ));
            assert_eq!(statuses(&CHECK, &case)[0].1, Fail, "{left_out}");
        }
    }

    #[test]
    fn the_fix_names_every_action() {
        assert_eq!(actions().len(), 4);
        for action in actions() {
            assert!(CHECK.fix.contains(action), "{action}");
        }
    }
}
