//! The flags of `list` and `explain`.

use clap::{Args, Subcommand, ValueEnum};
use trailaudit_checks::catalog;
use trailaudit_checks::finding::Severity;

use crate::store::Place;

use super::Select;

/// Flags of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// The check's id, or its id in Prowler or Security Hub
    #[arg(value_parser = super::suggested(super::check_ids))]
    pub check: String,
    /// Write JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Subcommand)]
pub enum List {
    /// Checks, all or the selected
    Checks {
        /// Which checks.
        #[command(flatten)]
        select: Select,
        /// Only checks of these severities: critical, high, medium, low, info
        #[arg(long, value_name = "SEVERITY", num_args = 1.., value_delimiter = ',', value_parser = super::severities(), help_heading = "Checks")]
        severity: Vec<Severity>,
        /// Only checks of these groups: access, bucket, delivery, key, lake, monitoring, organization, plan, trail
        #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = super::known(groups), help_heading = "Checks")]
        group: Vec<String>,
        /// List questions that are not checks instead, and why
        #[arg(long, conflicts_with_all = ["check", "skip_check", "framework", "severity", "group"], help_heading = "Checks")]
        left_out: bool,
        /// List what decides each on a Terraform plan: plan (the plan alone), onto (an inventory), or never
        #[arg(long, conflicts_with = "left_out", help_heading = "Checks")]
        plan: bool,
        /// Output format: table, json
        #[arg(
            short,
            long,
            value_name = "KIND",
            default_value = "table",
            help_heading = "Output"
        )]
        format: ListFormat,
        /// The same as -f json
        #[arg(long, help_heading = "Output")]
        json: bool,
    },
    /// Report formats
    Formats {
        /// Write JSON
        #[arg(long, help_heading = "Output")]
        json: bool,
    },
    /// Frameworks that checks are mapped to
    Frameworks {
        /// Only these
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// List every mapping of a check to a control instead, and its source
        #[arg(long, help_heading = "Output")]
        links: bool,
        /// Write JSON
        #[arg(long, help_heading = "Output")]
        json: bool,
    },
    /// Permissions that a scan needs: an IAM policy, or a role for every account
    Permissions {
        /// Which checks.
        #[command(flatten)]
        select: Select,
        /// Include those of `scan --verify-digests`, which reads log files
        #[arg(long, help_heading = "Checks")]
        verify_digests: bool,
        /// Include those of `scan --lookup-events`, or of `events --lookup-events`
        #[arg(long, help_heading = "Checks")]
        lookup_events: bool,
        /// Only those of `events` and `verify`, which read one log bucket
        #[arg(long, help_heading = "Checks", conflicts_with_all = ["verify_digests", "check", "skip_check", "framework"])]
        events: bool,
        /// Include those of `events --versions`
        #[arg(long, help_heading = "Checks", requires = "events")]
        versions: bool,
        /// Include those of `nightly --store`, which writes to this bucket: s3://BUCKET[/PREFIX]
        #[arg(long, value_name = "STORE", help_heading = "Checks")]
        store: Option<Place>,
        /// Include those of `shard`, whose run is kept in this bucket: s3://BUCKET[/PREFIX]
        #[arg(
            long,
            value_name = "RUN",
            conflicts_with = "store",
            help_heading = "Checks"
        )]
        run: Option<Place>,
        /// Include those of `nightly --object-lock-days`
        #[arg(long, requires = "store", help_heading = "Checks")]
        object_lock: bool,
        /// Output format: json (an IAM policy), cloudformation or terraform (the role that is assumed)
        #[arg(
            short,
            long,
            value_name = "KIND",
            default_value = "json",
            help_heading = "Output"
        )]
        format: PermissionsFormat,
        /// Name of the role that is assumed in each account
        #[arg(long, value_name = "NAME", default_value = "trailaudit", value_parser = super::role, help_heading = "Output")]
        role_name: String,
    },
    /// Keys of trailaudit.toml, with their defaults
    Settings {
        /// Write a settings file with every key instead
        #[arg(long, conflicts_with = "json", help_heading = "Output")]
        example: bool,
        /// Write JSON
        #[arg(long, help_heading = "Output")]
        json: bool,
    },
}

/// The groups of checks.
fn groups() -> Vec<String> {
    let mut groups: Vec<String> = catalog::all()
        .iter()
        .map(|it| it.group().to_owned())
        .collect();
    groups.dedup();
    groups
}

/// Forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line for each
    Table,
    /// For programs
    Json,
}

/// Forms of the permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PermissionsFormat {
    /// An IAM policy for whoever runs trailaudit
    Json,
    /// A CloudFormation template of the role, for a StackSet
    Cloudformation,
    /// The role in Terraform
    Terraform,
}
