//! The two text formats of Prometheus: its own 0.0.4, and `OpenMetrics` 1.0.

use std::fmt::{Display, Write};

use super::families::{Family, Kind};
use crate::stats::{BUCKETS, bound};

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    /// The format that a scraper accepts.
    pub(crate) fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Format::OpenMetrics
        } else {
            Format::Prometheus
        }
    }

    /// Its name in a header.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A page being written.
pub(super) struct Text {
    format: Format,
    text: String,
}

impl Text {
    pub(super) fn new(format: Format) -> Self {
        Text { format, text: String::with_capacity(32 * 1024) }
    }

    /// Begins a metric; its samples must follow immediately.
    pub(super) fn begin(&mut self, family: &'static Family) -> Samples<'_> {
        let name = match (self.format, family.kind) {
            // The suffix belongs to the sample, not to the metric.
            (Format::OpenMetrics, Kind::Counter) => family.name.trim_end_matches("_total"),
            _ => family.name,
        };
        let kind = family.kind.name();
        self.line(format_args!("# HELP {name} {}", family.help));
        self.line(format_args!("# TYPE {name} {kind}"));
        Samples { text: self, family }
    }

    /// A metric without labels.
    pub(super) fn one(&mut self, family: &'static Family, value: impl Display) {
        self.begin(family).add(&[], value);
    }

    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn line(&mut self, line: impl Display) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// The samples of one metric.
pub(super) struct Samples<'a> {
    text: &'a mut Text,
    family: &'static Family,
}

impl Samples<'_> {
    /// Adds a sample with the values of the labels in order.
    pub(super) fn add(&mut self, values: &[&str], value: impl Display) {
        let labels = self.labels(values);
        self.write("", &labels, value);
    }

    /// Adds a histogram: the number of durations in each bucket, and their sum in microseconds.
    pub(super) fn histogram(&mut self, values: &[&str], counts: &[u64; BUCKETS + 1], micros: u64) {
        let labels = self.labels(values);
        let comma = if labels.is_empty() { "" } else { "," };
        let mut sum = 0;
        for (bucket, count) in counts.iter().enumerate() {
            sum += count;
            let le = if bucket == BUCKETS { "+Inf".to_owned() } else { seconds(bound(bucket)) };
            self.write("_bucket", &format!("{labels}{comma}le=\"{le}\""), sum);
        }
        self.write("_sum", &labels, seconds(micros));
        self.write("_count", &labels, sum);
    }

    fn labels(&self, values: &[&str]) -> String {
        debug_assert_eq!(values.len(), self.family.labels.len(), "{}", self.family.name);
        let pairs = self.family.labels.iter().zip(values);
        let pairs = pairs.map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
        pairs.collect::<Vec<_>>().join(",")
    }

    fn write(&mut self, suffix: &str, labels: &str, value: impl Display) {
        let name = self.family.name;
        if labels.is_empty() {
            self.text.line(format_args!("{name}{suffix} {value}"));
        } else {
            self.text.line(format_args!("{name}{suffix}{{{labels}}} {value}"));
        }
    }
}

/// The escaped value of a label; users choose the names of caches.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            // Both formats allow control characters, but some parsers split lines at them.
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Microseconds as seconds, with the digits that `OpenMetrics` requires of bounds.
fn seconds(micros: u64) -> String {
    match micros {
        0 => "0.0".to_owned(),
        1..10 => format!("{micros}e-06"),
        10..100 if micros.is_multiple_of(10) => format!("{}e-05", micros / 10),
        10..100 => format!("{}.{}e-05", micros / 10, micros % 10),
        _ => {
            let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let short = text.trim_end_matches('0');
            if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::families::{CACHE_ITEMS, DURATION, HITS};
    use super::*;

    #[test]
    fn names_of_caches_cannot_leave_their_quotes() {
        let mut text = Text::new(Format::Prometheus);
        text.begin(&CACHE_ITEMS).add(&["1", "a\"} 9\nb\\c\r"], 7);

        let page = text.finish();
        let sample = "attimo_cache_items{account=\"1\",cache=\"a\\\"} 9\\nb\\\\c\u{fffd}\"} 7";
        assert_eq!(page.lines().last(), Some(sample));
        assert_eq!(page.lines().count(), 3);
    }

    #[test]
    fn a_counter_is_typed_as_each_format_requires() {
        for (format, name, end) in [
            (Format::Prometheus, "attimo_hits_total", ""),
            (Format::OpenMetrics, "attimo_hits", "# EOF\n"),
        ] {
            let mut text = Text::new(format);
            text.one(&HITS, 3);

            let help = HITS.help;
            let page =
                format!("# HELP {name} {help}\n# TYPE {name} counter\nattimo_hits_total 3\n{end}");
            assert_eq!(text.finish(), page);
        }
    }

    #[test]
    fn buckets_add_up() {
        let mut counts = [0; BUCKETS + 1];
        (counts[0], counts[2], counts[BUCKETS]) = (5, 1, 2);
        let mut text = Text::new(Format::Prometheus);
        text.begin(&DURATION).histogram(&["grpc", "Get"], &counts, 4_000_007);

        let page = text.finish();
        for line in [
            "_bucket{protocol=\"grpc\",api=\"Get\",le=\"1e-06\"} 5",
            "_bucket{protocol=\"grpc\",api=\"Get\",le=\"4e-06\"} 6",
            "_bucket{protocol=\"grpc\",api=\"Get\",le=\"1.048576\"} 6",
            "_bucket{protocol=\"grpc\",api=\"Get\",le=\"+Inf\"} 8",
            "_sum{protocol=\"grpc\",api=\"Get\"} 4.000007",
            "_count{protocol=\"grpc\",api=\"Get\"} 8",
        ] {
            assert!(page.contains(&format!("attimo_request_duration_seconds{line}\n")), "{line}");
        }
    }

    #[test]
    fn seconds_have_the_fewest_digits() {
        for (micros, text) in [
            (1, "1e-06"),
            (16, "1.6e-05"),
            (20, "2e-05"),
            (128, "0.000128"),
            (1_000_000, "1.0"),
            (1_048_576, "1.048576"),
        ] {
            assert_eq!(seconds(micros), text);
        }
    }

    #[test]
    fn a_scraper_that_accepts_open_metrics_gets_it() {
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        assert_eq!(Format::accepted(accept), Format::OpenMetrics);
        assert_eq!(Format::accepted("*/*"), Format::Prometheus);
    }
}
