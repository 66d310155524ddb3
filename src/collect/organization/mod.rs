//! Organizations: the accounts, the tree above them, and the policies on it.

mod policies;
mod tree;

use aws_sdk_organizations::types;
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_ORGANIZATION, DESCRIBE_ORGANIZATION_RESOURCE_POLICY, DESCRIBE_POLICY,
    LIST_ACCOUNTS, LIST_ACCOUNTS_FOR_PARENT, LIST_DELEGATED_ADMINISTRATORS,
    LIST_DELEGATED_SERVICES, LIST_ORGANIZATIONS_FEATURES, LIST_OUS, LIST_POLICIES, LIST_ROOTS,
    LIST_SERVICE_ACCESS, LIST_TARGETS_FOR_POLICY,
};
use trailaudit_checks::fact::{Fact, Known, Reason, Unknown};
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::organization::{DelegatedAdministrator, Unit};
use trailaudit_checks::inventory::{AccountState, ControlPolicy, Organization};

use crate::collect::ask::{Ask, Read, Target, malformed, not_asked, pages, send};
use crate::collect::iam::root_access;
use policies::{policies, resource_policy};
use tree::{place, units};

/// An account as ListAccounts gives it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) state: Fact<AccountState>,
    /// The unit it lies in, where the listing says so.
    pub(crate) parent: Option<String>,
}

/// The organization and its accounts, as far as the caller may see them.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) organization: Fact<Option<Organization>>,
    pub(crate) members: Vec<Member>,
}

/// Asks for everything about the organization that the selected checks need.
pub(crate) async fn organization(ask: &Ask, target: &Target, tree: bool) -> Seen {
    let request = ask.clients.organizations.describe_organization();
    let absent = &["AWSOrganizationsNotInUseException"];
    let answer = send!(
        ask,
        target,
        DESCRIBE_ORGANIZATION,
        "",
        absent,
        aws_sdk_organizations,
        request
    );
    let described = match answer {
        Known(None) => {
            return Seen {
                organization: Known(None),
                members: Vec::new(),
            };
        }
        some => some.read((target, DESCRIBE_ORGANIZATION), |out| {
            let it = out.organization?;
            let management = AccountId::from(it.master_account_id?);
            Some((it.id?, Arn::from(it.arn?), management, it.feature_set))
        }),
    };
    let (id, arn, management_account, feature_set) = match described {
        Known(it) => it,
        Unknown(gap) => {
            return Seen {
                organization: Unknown(gap),
                members: Vec::new(),
            };
        }
    };
    let members = members(ask, target, &management_account).await;
    // Whoever may not list the accounts is refused the rest as well; asking would only fill the ledger.
    let stands = members.gap().is_none_or(|gap| gap.reason != Reason::Denied);
    let (units, policies, trusted_services, delegated_administrators, resource_policy, root_access) =
        if stands {
            futures::join!(
                units(ask, target, tree),
                policies(ask, target),
                trusted_services(ask, target),
                delegated_administrators(ask, target),
                resource_policy(ask, target),
                root_access(ask, target),
            )
        } else {
            (
                Unknown(not_asked(target, LIST_ROOTS)),
                Unknown(not_asked(target, LIST_POLICIES)),
                Unknown(not_asked(target, LIST_SERVICE_ACCESS)),
                Unknown(not_asked(target, LIST_DELEGATED_ADMINISTRATORS)),
                Unknown(not_asked(target, DESCRIBE_ORGANIZATION_RESOURCE_POLICY)),
                Unknown(not_asked(target, LIST_ORGANIZATIONS_FEATURES)),
            )
        };
    let (accounts, mut members) = match members {
        Known(members) => (
            Known(members.iter().map(|it| it.id.clone()).collect()),
            members,
        ),
        Unknown(gap) => (Unknown(gap), Vec::new()),
    };
    let places = tree || ask.needs(LIST_ACCOUNTS_FOR_PARENT);
    if let (true, Known(units)) = (places, &units) {
        place(ask, target, units, &mut members).await;
    }
    let organization = Organization {
        id,
        arn,
        management_account,
        feature_set: feature_set
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        accounts,
        units,
        policies,
        trusted_services,
        root_access,
        delegated_administrators,
        resource_policy,
    };
    Seen {
        organization: Known(Some(organization)),
        members,
    }
}

async fn members(ask: &Ask, target: &Target, management: &AccountId) -> Fact<Vec<Member>> {
    let pages = pages!(
        ask,
        target,
        LIST_ACCOUNTS,
        "",
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_accounts()
            .set_next_token(token.clone()),
        |out| (out.accounts, out.next_token)
    );
    let listed = pages.read((target, LIST_ACCOUNTS), |accounts: Vec<types::Account>| {
        accounts
            .into_iter()
            .map(|it| member(target, it))
            .collect::<Option<Vec<Member>>>()
    });
    match listed {
        // An organization lists at least its management account: a list without it is not the list.
        Known(members) if !members.iter().any(|it| it.id == *management) => {
            let what = "the list of accounts lacks the management account";
            let gap = malformed(target, LIST_ACCOUNTS, what);
            // Some endpoints answer a member account with an empty list where AWS denies it.
            Unknown(match members.is_empty() && target.account != *management {
                true => gap.but(|it| it.reason = Reason::Denied),
                false => gap,
            })
        }
        listed => listed,
    }
}

fn member(target: &Target, it: types::Account) -> Option<Member> {
    let id = AccountId::from(it.id?);
    // `Status` was retired in September 2026; where an endpoint gives nothing else, that.
    let word = it
        .state
        .map(|it| it.as_str().to_owned())
        .or_else(|| it.status.map(|it| it.as_str().to_owned()))
        .unwrap_or_default();
    let state = AccountState::named(&word).map_or_else(
        || {
            Unknown(malformed(
                target,
                LIST_ACCOUNTS,
                &format!("state {word:?} of account {id}"),
            ))
        },
        Known,
    );
    let path = it.paths.and_then(|paths| paths.into_iter().next());
    let parent = path.and_then(|path| {
        // o-x/r-x/ou-x/ACCOUNT/
        let mut parts = path.trim_end_matches('/').rsplit('/');
        parts.next().filter(|last| *last == id.as_str())?;
        parts.next().map(str::to_owned)
    });
    Some(Member {
        id,
        name: it.name,
        state,
        parent,
    })
}

/// The tree and the policies on it, asked for after all, and the unit that each account lies in.
pub(crate) async fn control(
    ask: &Ask,
    target: &Target,
    accounts: &mut [Member],
) -> (Fact<Vec<Unit>>, Fact<Vec<ControlPolicy>>) {
    ask.need(&[LIST_ROOTS, LIST_OUS, LIST_ACCOUNTS_FOR_PARENT]);
    ask.need(&[LIST_POLICIES, DESCRIBE_POLICY, LIST_TARGETS_FOR_POLICY]);
    let (units, policies) = futures::join!(units(ask, target, true), policies(ask, target));
    if let Known(units) = &units {
        place(ask, target, units, accounts).await;
    }
    (units, policies)
}

async fn trusted_services(ask: &Ask, target: &Target) -> Fact<Vec<String>> {
    let pages = pages!(
        ask,
        target,
        LIST_SERVICE_ACCESS,
        "",
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_aws_service_access_for_organization()
            .set_next_token(token.clone()),
        |out| (out.enabled_service_principals, out.next_token)
    );
    pages.read(
        (target, LIST_SERVICE_ACCESS),
        |services: Vec<types::EnabledServicePrincipal>| {
            services
                .into_iter()
                .map(|it| it.service_principal)
                .collect()
        },
    )
}

async fn delegated_administrators(ask: &Ask, target: &Target) -> Fact<Vec<DelegatedAdministrator>> {
    const CALL: ApiCall = LIST_DELEGATED_ADMINISTRATORS;
    let pages = pages!(
        ask,
        target,
        CALL,
        "",
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_delegated_administrators()
            .set_next_token(token.clone()),
        |out| (out.delegated_administrators, out.next_token)
    );
    let listed: Vec<types::DelegatedAdministrator> = match pages {
        Known(listed) => listed.unwrap_or_default(),
        Unknown(gap) => return Unknown(gap),
    };
    let mut all = Vec::new();
    for it in listed {
        let Some(id) = it.id else {
            return Unknown(malformed(
                target,
                CALL,
                "an administrator without an account",
            ));
        };
        let pages = pages!(
            ask,
            target,
            LIST_DELEGATED_SERVICES,
            id.as_str(),
            &[],
            aws_sdk_organizations,
            |token| ask
                .clients
                .organizations
                .list_delegated_services_for_account()
                .account_id(id.as_str())
                .set_next_token(token.clone()),
            |out| (out.delegated_services, out.next_token)
        );
        let services = pages.read(
            (target, LIST_DELEGATED_SERVICES),
            |services: Vec<types::DelegatedService>| {
                services
                    .into_iter()
                    .map(|it| it.service_principal)
                    .collect()
            },
        );
        all.push(DelegatedAdministrator {
            account: AccountId::from(id),
            services,
        });
    }
    Known(all)
}
