//! The flags of `list` and `explain`.

use clap::{Args, Subcommand, ValueEnum};

use super::Select;

/// Flags of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// The check's id
    pub check: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Subcommand)]
pub enum List {
    /// Every check, or those that were chosen
    Checks {
        /// Which checks.
        #[command(flatten)]
        select: Select,
        /// Instead: questions that are no checks, and why
        #[arg(long, conflicts_with_all = ["check", "skip_check", "framework"])]
        left_out: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Report formats
    Formats {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Frameworks whose controls the checks support
    Frameworks {
        /// Only these
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Instead: every link of a check to a control, and whose reading it is
        #[arg(long)]
        links: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The permissions that a scan needs: an IAM policy, or a role for every account
    Permissions {
        /// Which checks.
        #[command(flatten)]
        select: Select,
        /// With those of `scan --verify-digests`, which reads log files
        #[arg(long)]
        verify_digests: bool,
        /// With those of `scan --lookup-events`
        #[arg(long)]
        lookup_events: bool,
        /// In which form
        #[arg(short, long, value_name = "KIND", default_value = "json")]
        format: PermissionsFormat,
        /// Name of the role that is assumed in each account
        #[arg(long, value_name = "NAME", default_value = "trailaudit", value_parser = super::role)]
        role_name: String,
    },
    /// Keys of trailaudit.toml, with their defaults
    Settings {
        /// Instead: a settings file with every key in it, to begin with
        #[arg(long, conflicts_with = "json")]
        example: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Forms of the permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PermissionsFormat {
    /// An IAM policy for whoever runs trailaudit
    Json,
    /// A template of the role, for a StackSet over all accounts
    Cloudformation,
    /// The same role
    Terraform,
}
