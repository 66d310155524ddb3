//! `events list`: the names that an expression may use.

use trailaudit_checks::catalog;
use trailaudit_checks::events::Field;
use trailaudit_checks::events::filter::Short;
use trailaudit_checks::events::questions::QUESTIONS;

use crate::cli::Listed;
use crate::exit::Stop;
use crate::output::to_stdout;

/// What each short name stands for.
fn about(short: Short) -> &'static str {
    match short {
        Short::Name => "eventName, also without the date that some services add",
        Short::Source => "eventSource",
        Short::Account => "the account that received the event",
        Short::Region => "awsRegion",
        Short::Ip => "sourceIPAddress; ip in (cidr 10.0.0.0/8)",
        Short::Agent => "userAgent",
        Short::Time => "eventTime; time >= 2026-03-01T12:00:00Z",
        Short::Error => "errorCode, or the error in responseElements",
        Short::Resource => "resources[].ARN, and known names and ids of requestParameters",
        Short::Actor => "the oldest identity that the record itself proves",
        Short::Root => "true for the root user",
        Short::Session => "name, ARN or principal id of the session",
        Short::Service => "the service that made the call for somebody",
        Short::Denied => "true where the call was refused for lack of a permission",
        Short::Failed => "true where the call failed",
        Short::Proof => "verified, version, altered, unlisted, unverified, or its reason",
        Short::Category => "Management, Data, Insight, NetworkActivity",
        Short::Mfa => "true where MFA was used, as far as AWS records it",
    }
}

/// Prints them.
pub(super) fn list(what: Listed) -> Result<(), Stop> {
    let mut text = String::new();
    match what {
        Listed::Fields => {
            for (name, short) in Short::ALL {
                text.push_str(&format!("{name:<10} {}\n", about(short)));
            }
            text.push_str(
                "\nCloudTrail's own names, and paths below them (requestParameters.bucketName):\n",
            );
            for field in Field::ALL {
                text.push_str(&format!("  {}\n", field.name()));
            }
        }
        Listed::Questions => {
            for it in QUESTIONS {
                let name = format!("{} {}", it.name, it.argument);
                text.push_str(&format!("{:<28} {}\n", name.trim_end(), it.about));
            }
            text.push_str("after EVENT-ID               what else the session of an event did from then on, and the sessions that it issued\n");
        }
        Listed::Keys => {
            for key in catalog::keys() {
                let check = catalog::find(key.id);
                let severity = check.map_or("", |it| it.severity.as_str());
                let title = check.map_or("", |it| it.title);
                let attack = catalog::attack(key.id).join(" ");
                text.push_str(&format!(
                    "{:<37} {severity:<8} {attack:<21} {title}\n",
                    key.id
                ));
            }
        }
        Listed::Categories => {
            for (name, about) in [
                (
                    "Management",
                    "calls that change or read what an account has; recorded by every trail",
                ),
                (
                    "Data",
                    "calls on objects, items, functions; recorded where selectors ask for them",
                ),
                (
                    "Insight",
                    "unusual rates of calls and errors; recorded where Insights is on",
                ),
                (
                    "NetworkActivity",
                    "calls by way of VPC endpoints; recorded where selectors ask for them",
                ),
            ] {
                text.push_str(&format!("{name:<16} {about}\n"));
            }
        }
    }
    Ok(to_stdout(|out| out.write_all(text.as_bytes()))?)
}
