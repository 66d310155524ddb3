//! By a service that runs code: with a role that is handed over, or where one runs already.

use super::pool::Pool;
use super::{Becomes, Steps, note};
use crate::access::actions::table;
use crate::access::answer::{Answer, Rank};
use crate::access::ask::Asker;
use crate::access::graph::{ActorKind, Means, Node, NodeId};
use crate::access::people::{Who, place};
use crate::policy::{Document, Key, Strength, Value};

/// Services that run code under a role, and the actions that make them: of one's own, or where it runs already.
pub(in crate::access) const SERVICES: [(&str, &[&str], &[&str]); 14] = [
    (
        "lambda.amazonaws.com",
        &["lambda:CreateFunction"],
        &[
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ],
    ),
    (
        "ec2.amazonaws.com",
        &[
            "ec2:RunInstances",
            "autoscaling:CreateAutoScalingGroup",
            "ec2:AssociateIamInstanceProfile",
            "ec2:ReplaceIamInstanceProfileAssociation",
        ],
        &[
            "ssm:SendCommand",
            "ssm:StartSession",
            "ec2-instance-connect:SendSSHPublicKey",
            "ec2:ModifyInstanceAttribute",
        ],
    ),
    (
        "ecs-tasks.amazonaws.com",
        &[
            "ecs:RunTask",
            "ecs:RegisterTaskDefinition",
            "batch:RegisterJobDefinition",
        ],
        &["ecs:ExecuteCommand"],
    ),
    (
        "glue.amazonaws.com",
        &["glue:CreateDevEndpoint", "glue:CreateJob"],
        &["glue:UpdateJob"],
    ),
    (
        "cloudformation.amazonaws.com",
        &["cloudformation:CreateStack", "cloudformation:UpdateStack"],
        &["cloudformation:ExecuteChangeSet"],
    ),
    (
        "datapipeline.amazonaws.com",
        &["datapipeline:CreatePipeline"],
        &[],
    ),
    (
        "sagemaker.amazonaws.com",
        &[
            "sagemaker:CreateNotebookInstance",
            "sagemaker:CreateTrainingJob",
        ],
        &["sagemaker:CreatePresignedNotebookInstanceUrl"],
    ),
    (
        "codebuild.amazonaws.com",
        &["codebuild:CreateProject"],
        &["codebuild:StartBuild", "codebuild:UpdateProject"],
    ),
    (
        "states.amazonaws.com",
        &["states:CreateStateMachine"],
        &["states:UpdateStateMachine"],
    ),
    ("ssm.amazonaws.com", &["ssm:StartAutomationExecution"], &[]),
    (
        "tasks.apprunner.amazonaws.com",
        &["apprunner:CreateService"],
        &[],
    ),
    ("batch.amazonaws.com", &["batch:RegisterJobDefinition"], &[]),
    (
        "scheduler.amazonaws.com",
        &["scheduler:CreateSchedule"],
        &[],
    ),
    (
        "bedrock-agentcore.amazonaws.com",
        &["bedrock-agentcore:CreateCodeInterpreter"],
        &[],
    ),
];

impl<'c> Steps<'c, '_> {
    pub(super) fn trusts_service(
        &mut self,
        name: &str,
        (at, role): (usize, NodeId),
        trust: &Document,
    ) {
        let known = SERVICES.iter().find(|(service, ..)| *service == name);
        let assumes = trust
            .allows()
            .any(|it| it.actions.matches("sts:AssumeRole"));
        let Some((service, ..)) = known.filter(|_| assumes) else {
            return;
        };
        let account = self.papers.account;
        let graph = &mut *self.graph;
        let (node, roles) = self.by_service.entry(service).or_insert_with(|| {
            let id = format!("a role of {account} under which {service} runs");
            (
                graph.add(Node::new(&id, account, ActorKind::Step)),
                Vec::new(),
            )
        });
        roles.push(at);
        graph.link(*node, role, Means::none(), Answer::allowed());
    }

    /// The roles that trust a service; the caller gives them back.
    fn service_pool(&mut self, service: &'static str, trusting: &[usize]) -> Pool {
        self.service_pools.remove(service).unwrap_or_else(|| {
            let start = format!("arn:{}:iam::{}:role/", self.partition, self.papers.account);
            let roles = trusting.iter().filter_map(|at| {
                let role = self.papers.details.roles.get(*at)?;
                Some((role.arn.as_str(), *at, *self.roles.get(*at)?))
            });
            Pool::new(&start, roles.collect())
        })
    }

    /// By a service that runs code: with a role that is handed over, or where one runs already.
    pub(super) fn run_code(
        &mut self,
        asker: &mut Asker<'c>,
        (node, changes): (NodeId, bool),
        becomes: &mut Becomes,
    ) {
        for (service, launches, uses) in SERVICES {
            let Some((under, trusting)) = self.by_service.get(service).cloned() else {
                continue;
            };
            let best = |steps: &Self, asker: &mut Asker<'c>, actions: &[&'static str]| {
                let mut best: Option<(Answer, &'static str)> = None;
                for action in actions {
                    let place = place(action);
                    if !asker.touches(place) {
                        continue;
                    }
                    let it = table().get(place);
                    let prefix = action.split(':').next().unwrap_or_default();
                    let all = format!("arn:{}:{prefix}:*:*:*", steps.partition);
                    let target = if it.wildcard_only { "*" } else { &all };
                    let answer = steps.ask(asker, action, target, &[]);
                    if best
                        .as_ref()
                        .is_none_or(|(before, _)| answer.rank() < before.rank())
                    {
                        best = Some((answer, action));
                    }
                }
                best.filter(|(answer, _)| !answer.is_denied())
            };
            if let Some((answer, action)) = best(self, asker, uses) {
                let words = format!("something of {service} runs under the role");
                let answer = answer.only_if(&words, Strength::Weak);
                self.graph.link(node, under, Means::one(action), answer);
            }
            let Some((launch, action)) = best(self, asker, launches) else {
                continue;
            };
            let by = Means::one("iam:PassRole").and(&Means::one(action));
            let to_service = Key::Known(Value::One(service.to_owned()));
            let with = [("iam:PassedToService", to_service)];
            let every = format!("arn:{}:iam::{}:role/*", self.partition, self.papers.account);
            let all = self.ask(asker, "iam:PassRole", &every, &with);
            if all.is_denied() {
                continue;
            }
            if all.rank() == Rank::Allowed {
                self.graph.link(node, under, by, all.and(&launch));
                continue;
            }
            let question = ("iam:PassRole", every.as_str());
            let mut pool = self.service_pool(service, &trusting);
            let reached = self.reached(asker, question, &with, &pool);
            for (runs, pass) in reached.parts {
                let answer = pass.and(&launch);
                let account = self.papers.account;
                pool.link(self.graph, account, node, &runs, (&by, &answer));
                if changes {
                    for (at, _) in pool.each(&runs) {
                        note(becomes, Who::Role(at), answer.clone(), &by);
                    }
                }
            }
            for (at, to, pass) in reached.odd {
                let answer = pass.and(&launch);
                self.graph.link(node, to, by.clone(), answer.clone());
                note(becomes, Who::Role(at), answer, &by);
            }
            self.service_pools.insert(service, pool);
        }
    }
}
