//! Nobody else becomes a role that the protective SCPs exempt.

use super::members::{Tally, members, nobody};
use crate::access::protected;
use crate::access::{Control as Guard, table as tamper_actions};
use crate::catalog::gap::gap;
use crate::check::Trusts;
use crate::control_policies::{Over, Somebody};
use crate::fact::Reason;
use crate::policy::posture;
use crate::policy::{Condition, Document, Effect, Principal as Named, Statement, Target};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-exemptions-guarded",
    title: "Principals that protective SCPs exempt should be protected from creation, changes and assumption by others",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "If an administrator can create, change or assume a role of the exempt name, the SCP does not protect that \
          account.",
    fix: "In an SCP, deny iam:CreateRole, iam:UpdateAssumeRolePolicy, iam:PutRolePolicy and iam:AttachRolePolicy on \
          `arn:aws:iam::*:role/BREAK_GLASS_ROLE` to all other principals. For a user, deny iam:CreateUser, \
          iam:UpdateUser, iam:CreateAccessKey, iam:CreateLoginProfile, iam:UpdateLoginProfile, iam:PutUserPolicy \
          and iam:AttachUserPolicy. Let the role's trust policy name single principals of the organization: `aws \
          iam update-assume-role-policy --role-name BREAK_GLASS_ROLE --policy-document file://trust.json`.",
    judged: "Evaluates the roles and users that are exempt by name from SCPs that protect trails, stored logs or \
             membership. In each member account, SCPs must deny other principals creating and changing such a role or \
             user. The trust policy of a role must name individual principals of the organization. Not applicable \
             where no principal is exempt by name.",
    alike: &[
        "An exempt role that administrators can create in any account fails; with a Deny on iam:CreateRole and on \
         changing it, it passes.",
        "A role of IAM Identity Center that is exempt by its full name needs no such Deny: only IAM Identity Center \
         can create or change it.",
        "A user that can be renamed to an exempt name fails: iam:UpdateUser must be denied as well.",
        "A trust policy that names the member account fails, since every principal there with sts:AssumeRole can \
         assume the role; one that names a single user passes.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
    ],
    run: Run::Exempt(run),
};

fn run(organization: &Organization, trusts: &Trusts, ctx: &Context<'_>) -> Outcome {
    let members = members(ctx);
    if members.is_empty() {
        return nobody(organization);
    }
    let partition = &ctx.inventory.header.scope.partition;
    let control = ctx.control_of(organization);
    let guards = [Guard::ExemptRoleScp, Guard::ExemptUserScp].map(|guard| {
        let actions = tamper_actions().denied_by(guard);
        actions.map(|it| it.action.as_str()).collect::<Vec<_>>()
    });
    let [of_roles, mut of_users] = guards;
    of_users.push(RENAME);
    let asked = [of_roles.as_slice(), of_users.as_slice(), &[PASS]].concat();
    let mut tally = Tally::default();
    let mut gaps = Vec::from_iter(crate::control_policies::gaps(
        organization,
        members.iter().copied(),
    ));
    for account in members {
        let protecting = control.over(Somebody::Inside, account, partition, &protected());
        let exempt = protecting.exempt.in_account(account.id.as_str());
        let users = protecting.exempt.usernames();
        // Nobody can create another principal with such an id, but its owner's policies can be changed.
        for id in protecting.exempt.ids() {
            let what = format!("which principal has the unique id {id}, and who can change it");
            let gap = crate::fact::Gap::not_modelled(what, &account.id, &ctx.home());
            gaps.push(Gaps::from(gap));
        }
        if exempt.is_empty() && users.is_empty() {
            continue;
        }
        let mut over = control.over(Somebody::Inside, account, partition, &asked);
        let iam = format!("arn:{partition}:iam::{}:", account.id);
        for name in &exempt {
            let arn = format!("{iam}{name}");
            tally.named.insert(arn.clone());
            if name.starts_with(RESERVED) {
                // IAM refuses to create or change these to everybody but IAM Identity Center.
                tally.denied += 1;
                continue;
            }
            let actions = match name.starts_with("role/") {
                true => of_roles.as_slice(),
                false => of_users.as_slice(),
            };
            for action in actions {
                let left = over.left(action, &Target::One(arn.clone()), None);
                tally.add(format!("{action} on {arn}"), &left);
            }
        }
        // A user's name does not tell its path.
        for name in users {
            let (arn, below) = (format!("{iam}user/{name}"), format!("{iam}user/*/{name}"));
            tally.named.insert(arn.clone());
            for action in &of_users {
                for target in [Target::One(arn.clone()), Target::Matching(below.clone())] {
                    let left = over.left(action, &target, None);
                    tally.add(format!("{action} on user {name}, of any path"), &left);
                }
            }
        }
        if !exempt.iter().any(|it| it.starts_with("role/")) {
            continue;
        }
        let missing = || {
            let (call, detail) = (calls::GET_ACCOUNT_AUTHORIZATION_DETAILS, "not collected");
            gap(call, &account.id, &ctx.home(), Reason::NotAsked, detail)
        };
        match trusts.get(&account.id) {
            Some(Ok(roles)) => {
                for (arn, trust) in roles.iter().filter(|it| is_one(&it.0, &exempt)) {
                    match assumed(arn, trust, account, organization, &mut over) {
                        Ok(open) => tally.left.extend(open),
                        Err(detail) => {
                            let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
                            let (id, home) = (&account.id, ctx.home());
                            gaps.push(gap(call, id, &home, Reason::Malformed, detail));
                        }
                    }
                }
            }
            Some(Err(unread)) => gaps.push(unread.clone()),
            None => gaps.push(missing()),
        }
    }
    if tally.left.is_empty()
        && let Some(gaps) = Gaps::collect(gaps)
    {
        return Err(gaps);
    }
    if tally.named.is_empty() {
        organization.accounts.known()?;
        return Ok(Verdict::not_applicable(
            "no SCP that protects trails or stored logs exempts a role or user by name",
        ));
    }
    let words = (
        "SCPs deny creating and changing the exempt principals, and trust policies of exempt roles name single principals",
        "principals that SCPs exempt are not protected",
    );
    tally.all(organization, ctx, words)
}

/// Where the roles of permission sets are ("Using service-linked roles for IAM Identity Center", IAM Identity Center User
/// Guide): who is assigned one is ruled in the management account, which no SCP binds, or by its delegated administrator.
const RESERVED: &str = "role/aws-reserved/";

/// Gives a user of any name the exempt one. The caller must be allowed it on both names ("UpdateUser", IAM API Reference).
const RENAME: &str = "iam:UpdateUser";

/// What hands a role to a service.
const PASS: &str = "iam:PassRole";

fn is_one(arn: &Arn, names: &std::collections::BTreeSet<&str>) -> bool {
    let name = arn.as_str().rsplit(':').next();
    name.is_some_and(|it| names.contains(it))
}

/// By whom, beyond single principals of the organization, a role can be assumed.
fn assumed(
    arn: &Arn,
    trust: &str,
    account: &Account,
    organization: &Organization,
    over: &mut Over<'_>,
) -> Result<Vec<String>, String> {
    let document = Document::parse(trust).map_err(|error| error.to_string())?;
    let mut open = Vec::new();
    for (at, statement) in document.statements.iter().enumerate() {
        let assumes = ASSUME.iter().any(|it| statement.actions.matches(it));
        let Some(set) = statement.principals.as_ref().filter(|_| assumes) else {
            continue;
        };
        if statement.effect == Effect::Deny {
            continue;
        }
        let at = format!("trust policy of {arn}, statement {}", at + 1);
        if set.negated {
            open.push(format!(
                "{at}: NotPrincipal grants sts:AssumeRole to almost everyone"
            ));
            continue;
        }
        for member in &set.members {
            let who = match member {
                Named::Everyone if !is_pinned(statement) => "anyone".to_owned(),
                Named::Everyone if !pinned_to_ours(statement, account, organization) => {
                    "principals of external accounts".to_owned()
                }
                Named::Account(id) if !belongs(member, account, organization) => {
                    format!("external account {id}")
                }
                Named::Federated(provider) => match federated(provider, statement, account) {
                    Some(who) => who,
                    None => continue,
                },
                Named::Account(id) if !rules(id, organization) && !is_pinned(statement) => {
                    format!("every principal of account {id}")
                }
                Named::Aws(text) if !belongs(member, account, organization) => {
                    format!("external principal {text}")
                }
                Named::Service(name) => {
                    let target = Target::One(arn.to_string());
                    let left = over.left(PASS, &target, None);
                    if left.verdict == crate::policy::Verdict::Denied {
                        continue;
                    }
                    format!("{name}, for principals with {PASS}")
                }
                Named::CanonicalUser(id) => format!("the account with canonical user id {id}"),
                Named::Everyone | Named::Account(_) | Named::Aws(_) => continue,
            };
            open.push(format!("{at}: {who} can assume it"));
        }
    }
    Ok(open)
}

/// The calls by which a role is assumed.
const ASSUME: [&str; 3] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
];

/// No SCP binds the management account: whoever is trusted there gains nothing.
fn rules(id: &str, organization: &Organization) -> bool {
    organization.management_account.as_str() == id
}

fn belongs(member: &Named, account: &Account, organization: &Organization) -> bool {
    let of = member.account();
    of.is_none_or(|id| is_ours(id, account, organization))
}

fn is_ours(id: &str, account: &Account, organization: &Organization) -> bool {
    let ours = organization.accounts.ok();
    id == account.id.as_str()
        || rules(id, organization)
        || ours.is_some_and(|all| all.iter().any(|it| it.as_str() == id))
}

/// Whom a provider of identities lets in, beyond those of the account's own provider.
///
/// Assumed about AWS ("Create a role for a third-party identity provider"): a SAML provider of the account knows its own
/// users only; an OpenID provider, such as GitHub's, signs for everybody, and `:sub` says for whom.
fn federated(provider: &str, statement: &Statement, account: &Account) -> Option<String> {
    let own = provider.split(':').nth(4) == Some(account.id.as_str());
    let saml = provider.contains(":saml-provider/");
    if own && saml {
        return None;
    }
    let subject = |condition: &Condition| {
        let whole = |value: &String| !value.starts_with(['*', '?']) && !value.is_empty();
        condition.key.ends_with(":sub")
            && posture::restricts(condition)
            && condition.values.iter().all(whole)
    };
    let scoped = !saml && statement.conditions.iter().any(subject);
    (!scoped).then(|| format!("every identity of {provider}"))
}

/// The principals that the conditions let pass belong to accounts of the organization.
fn pinned_to_ours(statement: &Statement, account: &Account, organization: &Organization) -> bool {
    let mut conditions = statement.conditions.iter();
    let ours = |value: &String| {
        let id = value.split(':').nth(4).unwrap_or_default();
        is_ours(id, account, organization)
    };
    conditions.any(|it| pins(it) && it.values.iter().all(ours))
}

/// A condition lets single principals pass only.
fn is_pinned(statement: &Statement) -> bool {
    statement.conditions.iter().any(pins)
}

fn pins(it: &Condition) -> bool {
    let single = |value: &String| {
        let name = value.rsplit(':').next().unwrap_or_default();
        !name.contains(['*', '?', '$']) && name != "root"
    };
    it.key == "aws:principalarn" && posture::restricts(it) && it.values.iter().all(single)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Iam;
    use crate::inventory::iam::{AuthorizationDetails, Role};
    use crate::testing::*;

    const MEMBER: &str = "222222222222";
    const GLASS: &str = "arn:aws:iam::*:role/glass";
    const EDITS: &str = r#"["iam:CreateRole","iam:UpdateAssumeRolePolicy","iam:PutRolePolicy","iam:AttachRolePolicy"]"#;

    fn trails(exempt: &str) -> String {
        format!(
            r#"{{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"{exempt}"}}}}}}"#
        )
    }

    fn by(operator: &str, key: &str, value: &str) -> String {
        format!(
            r#"{{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}"#
        )
    }

    /// Denies these actions on this role.
    fn guard(actions: &str, role: &str, condition: &str) -> String {
        format!(r#"{{"Effect":"Deny","Action":{actions},"Resource":"{role}"{condition}}}"#)
    }

    fn guarded(actions: &str) -> Case {
        scp(&format!("{},{}", trails(GLASS), guard(actions, GLASS, "")))
    }

    /// With the role in the member account, trusted like this.
    fn trusting(mut case: Case, statement: &str) -> Case {
        let trust = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let role = Role {
            arn: Arn::from("arn:aws:iam::222222222222:role/glass"),
            name: "glass".to_owned(),
            id: "AROAGLASSGLASSGLASS0".to_owned(),
            trust,
            inline: Vec::new(),
            attached: Vec::new(),
            boundary: None,
            tags: Default::default(),
            instance_profiles: Vec::new(),
        };
        let details = AuthorizationDetails {
            roles: vec![role],
            ..AuthorizationDetails::default()
        };
        case.iam.retain(|it| it.account.as_str() != MEMBER);
        case.iam.push(Iam {
            account: AccountId::from(MEMBER),
            details: details.into(),
        });
        case
    }

    fn allow(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}"#
        )
    }

    fn trusts(principal: &str) -> Case {
        trusting(guarded(EDITS), &allow(principal, ""))
    }

    #[test]
    fn created_and_changed() {
        let one = r#"{"AWS":"arn:aws:iam::111111111111:role/duty"}"#;
        let with = |case: Case| trusting(case, &allow(one, ""));
        let three = r#"["iam:UpdateAssumeRolePolicy","iam:PutRolePolicy","iam:AttachRolePolicy"]"#;
        let but = |who: &str| {
            let condition =
                format!(r#","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"{who}"}}}}"#);
            with(scp(&format!(
                "{},{}",
                trails(GLASS),
                guard(EDITS, GLASS, &condition)
            )))
        };
        let user = "arn:aws:iam::*:user/glass";
        let of_user = r#"["iam:CreateUser","iam:UpdateUser","iam:CreateAccessKey","iam:*LoginProfile","iam:PutUserPolicy","iam:AttachUserPolicy"]"#;
        let renames = of_user.replace(r#""iam:UpdateUser","#, "");
        table(
            &CHECK,
            [
                (Pass, with(guarded(EDITS))),
                (Pass, with(guarded(r#""iam:*""#))),
                (Fail, with(scp(&trails(GLASS)))),
                (Fail, with(guarded(three))),
                (Pass, but("arn:aws:iam::*:role/pipeline")),
                (Fail, but("arn:aws:iam::*:role/*Admin*")),
                // Another role's name guards this one no better.
                (
                    Fail,
                    with(scp(&format!(
                        "{},{}",
                        trails(GLASS),
                        guard(EDITS, "arn:aws:iam::*:role/other", "")
                    ))),
                ),
                (
                    Pass,
                    with(scp(&format!(
                        "{},{}",
                        trails(user),
                        guard(of_user, user, "")
                    ))),
                ),
                (Fail, with(scp(&trails(user)))),
                // Another user can be given the name.
                (
                    Fail,
                    with(scp(&format!(
                        "{},{}",
                        trails(user),
                        guard(&renames, user, "")
                    ))),
                ),
                // By a user's name, whatever its path.
                (
                    Fail,
                    with(scp(&by("StringNotEquals", "aws:username", "glass"))),
                ),
                (
                    Fail,
                    with(scp(&format!(
                        "{},{}",
                        by("StringNotEquals", "aws:username", "glass"),
                        guard(of_user, user, "")
                    ))),
                ),
                (
                    Pass,
                    with(scp(&format!(
                        "{},{}",
                        by("StringNotEquals", "aws:username", "glass"),
                        guard(of_user, "arn:aws:iam::*:user/*glass", "")
                    ))),
                ),
                // By a unique id, of whichever principal.
                (
                    Unknown,
                    with(scp(&by(
                        "StringNotLike",
                        "aws:userid",
                        "AROAEXAMPLEEXAMPLE00:*",
                    ))),
                ),
                // Exempt in an account that is no member.
                (
                    NotApplicable,
                    with(scp(&trails("arn:aws:iam::333333333333:role/glass"))),
                ),
                (
                    NotApplicable,
                    with(scp(
                        r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#,
                    )),
                ),
                (NotApplicable, inventory(|_| {})),
                (Unknown, guarded(EDITS)),
                (
                    Unknown,
                    with(guarded(EDITS)).and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn assumed_by_others() {
        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let pinned = r#","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/duty"}}"#;
        let own = r#"{"AWS":"222222222222"}"#;
        let to = |account: &str| {
            format!(
                r#","Condition":{{"ArnLike":{{"aws:PrincipalArn":"arn:aws:iam::{account}:role/duty"}}}}"#
            )
        };
        let saml = |account: &str| {
            format!(r#"{{"Federated":"arn:aws:iam::{account}:saml-provider/idp"}}"#)
        };
        let github = r#"{"Federated":"arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"}"#;
        let subject = |value: &str| {
            format!(
                r#","Condition":{{"StringLike":{{"token.actions.githubusercontent.com:sub":"{value}"}}}}"#
            )
        };
        table(
            &CHECK,
            [
                (Pass, trusts(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#)),
                (
                    Pass,
                    trusts(r#"{"AWS":"arn:aws:iam::222222222222:user/duty"}"#),
                ),
                (Fail, trusts(own)),
                (Fail, trusting(guarded(EDITS), &allow(own, mfa))),
                (Pass, trusting(guarded(EDITS), &allow(own, pinned))),
                (Fail, trusts(r#""*""#)),
                (
                    Fail,
                    trusts(r#"{"AWS":"arn:aws:iam::999999999999:role/duty"}"#),
                ),
                // Pinned to principals, but of which account?
                (Pass, trusting(guarded(EDITS), &allow(r#""*""#, pinned))),
                (
                    Fail,
                    trusting(guarded(EDITS), &allow(r#""*""#, &to("999999999999"))),
                ),
                (Fail, trusting(guarded(EDITS), &allow(r#""*""#, &to("*")))),
                (
                    Fail,
                    trusting(
                        guarded(EDITS),
                        &allow(r#"{"AWS":"999999999999"}"#, &to("999999999999")),
                    ),
                ),
                // Providers of identities.
                (Pass, trusts(&saml(MEMBER))),
                (Fail, trusts(&saml("999999999999"))),
                (Fail, trusts(r#"{"Federated":"accounts.google.com"}"#)),
                (Fail, trusts(github)),
                (
                    Pass,
                    trusting(
                        guarded(EDITS),
                        &allow(github, &subject("repo:o/r:ref:refs/heads/main")),
                    ),
                ),
                (
                    Fail,
                    trusting(guarded(EDITS), &allow(github, &subject("*"))),
                ),
                (Fail, trusts(r#"{"Service":"ec2.amazonaws.com"}"#)),
                (
                    Pass,
                    trusting(
                        guarded(r#""iam:*""#),
                        &allow(r#"{"Service":"ec2.amazonaws.com"}"#, ""),
                    ),
                ),
                (Unknown, trusting(guarded(EDITS), "{")),
            ],
        );
    }

    /// What AWS alone can create and change needs no guard of ours; the accounts' own provider of identities assumes it.
    #[test]
    fn roles_of_identity_center() {
        let name = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Glass_0123456789abcdef";
        let exempt = format!("arn:aws:iam::*:role/{name}");
        let role = |trust: &str| trusting(scp(&trails(&exempt)), trust);
        let renamed = |mut case: Case| {
            for it in &mut case.iam {
                if let Some(role) = details(it).roles.iter_mut().find(|it| it.name == "glass") {
                    role.arn = Arn::from(format!("arn:aws:iam::{MEMBER}:role/{name}"));
                }
            }
            case
        };
        let saml = |account: &str| {
            allow(
                &format!(
                    r#"{{"Federated":"arn:aws:iam::{account}:saml-provider/AWSSSO_DO_NOT_DELETE"}}"#
                ),
                "",
            )
            .replace("sts:AssumeRole", "sts:AssumeRoleWithSAML")
        };
        table(
            &CHECK,
            [
                (Pass, renamed(role(&saml(MEMBER)))),
                (Fail, renamed(role(&saml("999999999999")))),
                // A role of such a name elsewhere is anybody's.
                (
                    Fail,
                    trusting(
                        scp(&trails(
                            "arn:aws:iam::*:role/AWSReservedSSO_Glass_0123456789abcdef",
                        )),
                        &saml(MEMBER),
                    ),
                ),
            ],
        );
    }

    /// The roles that AWS Control Tower and AWS Organizations make, as their own policies guard them.
    #[test]
    fn roles_of_landing_zones() {
        let tower = "arn:aws:iam::*:role/AWSControlTowerExecution";
        let changes = r#"["iam:AttachRolePolicy","iam:CreateRole","iam:DeleteRole","iam:DeleteRolePermissionsBoundary","iam:DeleteRolePolicy","iam:DetachRolePolicy","iam:PutRolePermissionsBoundary","iam:PutRolePolicy","iam:UpdateAssumeRolePolicy","iam:UpdateRole","iam:UpdateRoleDescription"]"#;
        let guarding = |also: &str| {
            let condition = format!(
                r#","Condition":{{"ArnNotLike":{{"aws:PrincipalARN":["{tower}"{also}]}}}}"#
            );
            scp(&format!(
                "{},{}",
                trails(tower),
                guard(changes, "arn:aws:iam::*:role/*AWSControlTower*", &condition)
            ))
        };
        let one = allow(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#, "");
        table(
            &CHECK,
            [
                (Pass, trusting(guarding(""), &one)),
                // Whoever can make a role for a stack set can make this one.
                (
                    Fail,
                    trusting(guarding(r#","arn:aws:iam::*:role/stacksets-exec-*""#), &one),
                ),
                (Fail, trusting(scp(&trails(tower)), &one)),
            ],
        );
    }

    #[test]
    fn the_fix_names_every_action() {
        assert!(CHECK.fix.contains(RENAME));
        for guard in [Guard::ExemptRoleScp, Guard::ExemptUserScp] {
            for action in crate::access::table().denied_by(guard) {
                assert!(CHECK.fix.contains(&action.action), "{}", action.action);
            }
        }
    }
}
