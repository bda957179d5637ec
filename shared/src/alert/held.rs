//! The one message about all alerts that were held back: how many, the loudest, by whom, and what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::email::{Mail, Rows};
use super::text::{ascii_to, clean, shown};
use super::words::clock;
use super::{Alert, Subject, chat, machine, sms};
use crate::cap::Held;
use crate::config::Config;
use crate::detect::{self, Context};
use crate::event::is_account;
use crate::finding::Severity;
use crate::ledger::HELD_AT_ONCE;

/// What the message is in machines' words.
const NAME: &str = "alerts-held-back";
/// Incidents, principals and detections that are shown.
const SHOWN: usize = 10;
/// Incidents of which machines get key and count, the loudest: a message has room for so many.
const LISTED: usize = 1_000;
/// Values of one attribute: they count as part of the message, which has its limit.
const VALUES: usize = 100;

const STEPS: [&str; 3] = [
    "Look at the incidents under Loudest first. Every finding is whole on the findings bus, and a line in the log of its \
     watcher.",
    "If one principal under Who did most of it, ask them over a channel that is not their mail. If it was not them, deny that \
     principal everything, then list all its calls in CloudTrail since an hour before the first alert.",
    "If many did it, list in CloudTrail the calls of that time by source address and user agent: it is one deployment, or one \
     attacker with many identities.",
];

pub(super) fn of(held: &[Held], context: &Context<'_>, now: Timestamp) -> Alert {
    let heap = Heap::of(held, context.config, now);
    Alert {
        subject: heap.subject(),
        email: heap.email(),
        chat: heap.chat(),
        sms: heap.sms(),
        machine: heap.machine(),
        attributes: heap.attributes(),
        lists: heap.lists(),
    }
}

/// What was held back, counted.
struct Heap<'a> {
    held: &'a [Held],
    config: &'a Config,
    /// The last of each incident, the loudest incident first.
    incidents: Vec<&'a Held>,
    loudest: Severity,
    since: Timestamp,
    now: Timestamp,
}

impl<'a> Heap<'a> {
    fn of(held: &'a [Held], config: &'a Config, now: Timestamp) -> Self {
        let mut last: BTreeMap<&str, &Held> = BTreeMap::new();
        for one in held {
            let known = last.entry(&one.incident).or_insert(one);
            if (one.severity, one.count) > (known.severity, known.count) {
                *known = one;
            }
        }
        let mut incidents: Vec<&Held> = last.into_values().collect();
        incidents.sort_by_key(|one| (Reverse((one.severity, one.count)), one.at, &one.incident));
        Self {
            held,
            config,
            loudest: incidents.first().map_or(Severity::Low, |one| one.severity),
            incidents,
            since: held.iter().map(|one| one.at).min().unwrap_or(now),
            now,
        }
    }

    /// `540 alerts about 500 incidents`
    fn how_many(&self) -> String {
        let number =
            |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
        format!("{} about {}", number(self.held.len(), "alert"), number(self.incidents.len(), "incident"))
    }

    /// `12 HIGH, 3 MEDIUM`
    fn severities(&self) -> String {
        let mut counts: BTreeMap<Reverse<Severity>, usize> = BTreeMap::new();
        for incident in &self.incidents {
            *counts.entry(Reverse(incident.severity)).or_default() += 1;
        }
        counts.iter().map(|(severity, count)| format!("{count} {}", severity.0)).collect::<Vec<_>>().join(", ")
    }

    /// The account's name, or how many accounts there are.
    fn place(&self) -> Option<String> {
        let accounts = self.accounts();
        match accounts.len() {
            0 => None,
            1 => accounts.first().map(|account| shown(self.config.account_name(account))),
            many => Some(format!("{many} accounts")),
        }
    }

    fn accounts(&self) -> BTreeSet<&'a str> {
        self.values(|held| &held.account)
    }

    fn values(&self, of: impl Fn(&'a Held) -> &'a str) -> BTreeSet<&'a str> {
        self.held.iter().map(of).filter(|value| !value.is_empty()).collect()
    }

    /// Whether there may be more than one message tells of.
    fn more_wait(&self) -> bool {
        self.held.len() >= HELD_AT_ONCE
    }

    fn sentence(&self) -> String {
        let place = self.place().map(|place| format!(" in {place}")).unwrap_or_default();
        let more = if self.more_wait() { " There are more, of which the next message tells." } else { "" };
        format!("{}{place} were held back: more happened at once than may be mailed.{more}", self.how_many())
    }

    /// `HIGH user alice created … in prod, x20`
    fn incident(one: &Held) -> String {
        let often = if one.count > 1 { format!(", x{}", one.count) } else { String::new() };
        format!("{} {}{often}", one.severity, shown(&one.statement))
    }

    /// The commonest values over the incidents, with how many incidents have them.
    fn commonest(&self, of: impl Fn(&'a Held) -> &'a str) -> Vec<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for incident in &self.incidents {
            *counts.entry(of(incident)).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().filter(|(value, _)| !value.is_empty()).collect();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        let more = counts.len().saturating_sub(SHOWN);
        let lines = counts.into_iter().take(SHOWN).map(|(value, count)| format!("{count:>4}  {}", shown(value)));
        lines.chain((more > 0).then(|| format!("      and {more} more"))).collect()
    }

    fn subject(&self) -> Subject {
        let place = self.place().map(|place| format!(" - {}", ascii_to(&place, 40))).unwrap_or_default();
        Subject::new(&format!("[{}] held back: {}{place}", self.loudest, self.how_many()))
    }

    fn email(&self) -> String {
        let mut mail = Mail { text: format!("{}\n", self.sentence()) };
        mail.prose(vec![
            "AWS cuts off a mailbox that gets more than ten messages a second. So at most one a second and 60 an hour are \
             sent, and beside them 20 that are CRITICAL. What is above that is told in one message, at most every five \
             minutes: this is one. The findings themselves were handed to machines as ever."
                .to_owned(),
        ]);
        let mut rows = Rows::default();
        rows.add("Severity", self.loudest.word());
        rows.add("Incidents", self.severities());
        rows.add_all(
            "Accounts",
            self.accounts().iter().take(SHOWN).map(|id| shown(&self.config.account(id))).collect(),
        );
        rows.add("When", format!("{} to {}", clock(self.since), clock(self.now)));
        mail.rows(&rows);
        let mut loudest = Rows::default();
        loudest.add_all("Loudest", self.incidents.iter().take(SHOWN).map(|one| Self::incident(one)).collect());
        let more = self.incidents.len().saturating_sub(SHOWN);
        loudest.add("", if more > 0 { format!("and {more} incidents more") } else { String::new() });
        mail.rows(&loudest);
        mail.list("Who, by incidents", &self.commonest(|held| &held.principal));
        mail.list("What, by incidents", &self.commonest(|held| &held.detection));
        mail.steps("What to do", &STEPS.map(str::to_owned));
        mail.text
    }

    fn chat(&self) -> String {
        let mut lines = vec![self.sentence(), format!("Incidents: {}", self.severities())];
        lines.extend(self.incidents.iter().take(SHOWN / 2).map(|one| chat::code(&Self::incident(one))));
        let who = self.commonest(|held| &held.principal);
        lines.extend(who.iter().take(SHOWN / 2).map(|one| format!("By: {}", chat::code(one.trim()))));
        json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": format!("[{}] Alerts held back", self.loudest),
                "description": lines.join("\n"),
                "nextSteps": STEPS,
                "keywords": [self.loudest.word(), NAME],
            },
            "metadata": {
                "threadId": NAME,
                "summary": chat::escape(self.subject().as_str()),
                "eventType": NAME,
                "additionalContext": {"severity": self.loudest.word(), "count": self.held.len().to_string()},
            },
        })
        .to_string()
    }

    fn sms(&self) -> String {
        let place = self.place().map(|place| format!(" in {}", ascii_to(&place, 40))).unwrap_or_default();
        let loudest = self.incidents.first().map(|one| shown(&one.statement)).unwrap_or_default();
        sms::gsm(&format!("{}: {} held back{place}. Loudest: {loudest}", self.loudest, self.how_many()))
    }

    fn machine(&self) -> String {
        let (severity_id, severity) = machine::severity(self.loudest);
        let (now, since) = (self.now.as_millisecond(), self.since.as_millisecond());
        let listed = self.incidents.iter().take(LISTED);
        let counts: BTreeMap<&str, u64> = listed.map(|one| (one.incident.as_str(), one.count)).collect();
        let listed = self.incidents.iter().take(SHOWN).map(|one| {
            json!({"incident": one.incident, "severity": one.severity, "detection": clean(&one.detection),
                "account": clean(&one.account), "principal": clean(&one.principal), "message": clean(&one.statement),
                "count": one.count})
        });
        json!({
            "activity_id": 1,
            "activity_name": "Create",
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": 2004,
            "class_name": "Detection Finding",
            "type_uid": 200_401,
            "type_name": "Detection Finding: Create",
            "time": now,
            "start_time": since,
            "severity_id": severity_id,
            "severity": severity,
            "status_id": 1,
            "status": "New",
            "is_alert": true,
            "count": self.held.len(),
            "message": self.sentence(),
            "metadata": {
                "version": "1.6.0",
                "product": {"name": "iamwatch", "vendor_name": "iamwatch", "version": env!("CARGO_PKG_VERSION")},
                "profiles": ["cloud", "host"],
                "uid": format!("{NAME}/{now}"),
            },
            "finding_info": {"uid": format!("{NAME}/{now}"), "title": "Alerts held back", "types": [NAME], "created_time": now},
            "cloud": {"provider": "AWS"},
            "unmapped": {"iamwatch": {
                "held": {"alerts": self.held.len(), "incidents": self.incidents.len(), "counts": counts,
                    "loudest": listed.collect::<Vec<Value>>(), "more_wait": self.more_wait()},
                "quarantine": null,
            }},
        })
        .to_string()
    }

    fn attributes(&self) -> BTreeMap<&'static str, String> {
        [("severity", self.loudest.word().to_owned()), ("mode", self.config.quarantine.mode.to_string())].into()
    }

    /// Whoever asked for some of these alerts only gets the message too.
    fn lists(&self) -> BTreeMap<&'static str, Vec<String>> {
        let of = |values: BTreeSet<&str>| values.into_iter().take(VALUES).map(str::to_owned).collect::<Vec<_>>();
        let accounts = self.accounts().into_iter().filter(|account| is_account(account)).collect();
        let known: Vec<_> = self.values(|held| &held.detection).into_iter().filter_map(detect::by_id).collect();
        let watchers = known.iter().map(|known| known.watcher.name()).collect();
        let detections = known.iter().map(|known| known.id).collect();
        [("account", of(accounts)), ("watcher", of(watchers)), ("detection", of(detections))]
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }
}
