//! # Startup script of notebooks set
//!
//! Somebody wrote the script that SageMaker notebooks run as root when they start, or gave a notebook such a script.
//!
//! ## Why it matters
//!
//! The script runs with the notebook's role, at each start, unseen by whoever opens the notebook.
//!
//! ## False alarms
//!
//! Whoever sets up notebooks writes a script once: a new one is for the record. One that is changed, or given to a notebook that
//! exists, is MEDIUM, and louder if the script opens a shell or reads credentials.
//!
//! ## What to do
//!
//! 1. Read the script: it begins under Evidence, and is whole in the event, as base64, under `requestParameters`.
//! 2. Ask whoever is named under Who; if they do not know of it, set the old script again before a notebook starts.
//! 3. List all calls by the roles of the notebooks since the event, by `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::script;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "notebook-startup-script-set",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1059.004", was: None, name: "Command and Scripting Interpreter: Unix Shell" }],
    covers: &["IAMC-35"],
    calls: &[Calls {
        source: "sagemaker.amazonaws.com",
        names: &[
            "CreateNotebookInstanceLifecycleConfig",
            "CreateStudioLifecycleConfig",
            "UpdateNotebookInstance",
            "UpdateNotebookInstanceLifecycleConfig",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("notebook_startup_script_set.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let own = "notebookInstanceLifecycleConfigName";
    let (kind, name, severity, act) = match event.call() {
        "UpdateNotebookInstance" => {
            let script = event.request("lifecycleConfigName")?;
            let notebook = event.request("notebookInstanceName")?;
            ("notebook", notebook, Severity::Medium, format!("gave notebook {notebook} startup script {script}"))
        }
        "UpdateNotebookInstanceLifecycleConfig" => {
            let script = event.request(own)?;
            ("startup script", script, Severity::Medium, format!("changed startup script {script} of notebooks"))
        }
        _ => {
            let script = event.request(own).or_else(|| event.request("studioLifecycleConfigName"))?;
            ("startup script", script, Severity::Low, format!("wrote startup script {script} for notebooks"))
        }
    };
    let mut script = String::new();
    for parameter in ["onCreate", "onStart", "studioLifecycleConfigContent"] {
        let hidden = event.request_value(parameter).map(script::texts).unwrap_or_default();
        script.extend(hidden.lines().filter_map(script::from_base64));
    }
    let finding = DETECTION.finding(event, act).severity(severity).target(Target {
        kind: kind.to_owned(),
        name: name.to_owned(),
        arn: None,
    });
    Some(for_the_record_by_service(event, script::judged(finding, &script)))
}
