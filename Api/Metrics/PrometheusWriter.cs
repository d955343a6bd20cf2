using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>Writes measurements in the Prometheus text format.</summary>
internal static class PrometheusWriter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Measurements, and what is known of this process.</summary>
    public static string Write(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder(16 * 1024);
        WriteFamilies(text, families);
        WriteProcess(text);
        return text.ToString();
    }

    /// <summary>Measurements alone.</summary>
    public static string WriteFamilies(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder();
        WriteFamilies(text, families);
        return text.ToString();
    }

    private static void WriteFamilies(StringBuilder text, IReadOnlyList<MetricFamily> families)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var family in families)
        {
            var name = NameOf(family);
            if (named.Add(name))
            {
                WriteFamily(text, name, family);
            }
        }
    }

    private static void WriteFamily(StringBuilder text, string name, MetricFamily family)
    {
        WriteHead(
            text,
            name,
            family.Instrument.Description,
            family.Bounds is not null ? "histogram" : family.IsCounter ? "counter" : "gauge");
        foreach (var (tags, value, count, cumulative) in family.Read())
        {
            if (cumulative is null)
            {
                WriteSample(text, name, tags, "", Number(value));
                continue;
            }

            for (var i = 0; i < cumulative.Length; i++)
            {
                var bound = i < family.Bounds!.Length ? Number(family.Bounds[i]) : "+Inf";
                WriteSample(text, name + "_bucket", tags, $"le=\"{bound}\"", Number(cumulative[i]));
            }

            WriteSample(text, name + "_sum", tags, "", Number(value));
            WriteSample(text, name + "_count", tags, "", Number(count));
        }
    }

    /// <summary>What every Prometheus client library reports of its process.</summary>
    private static void WriteProcess(StringBuilder text)
    {
        using var process = Process.GetCurrentProcess();
        WriteGauge(
            text,
            "process_cpu_seconds_total",
            "Processor time used.",
            "counter",
            process.TotalProcessorTime.TotalSeconds);
        WriteGauge(text, "process_resident_memory_bytes", "Resident memory.", "gauge", process.WorkingSet64);
        WriteGauge(text, "process_virtual_memory_bytes", "Virtual memory.", "gauge", process.VirtualMemorySize64);
        WriteGauge(
            text,
            "process_open_fds",
            "Open file descriptors.",
            "gauge",
            Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        WriteGauge(text, "process_threads", "Threads.", "gauge", process.Threads.Count);
        var started = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        WriteGauge(text, "process_start_time_seconds", "Start of the process, in Unix time.", "gauge", started);
    }

    private static void WriteGauge(StringBuilder text, string name, string help, string type, double value)
    {
        WriteHead(text, name, help, type);
        text.Append(name).Append(' ').Append(Number(value)).Append('\n');
    }

    private static void WriteHead(StringBuilder text, string name, string? help, string type)
    {
        if (!string.IsNullOrEmpty(help))
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help, quotes: false)).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    private static void WriteSample(StringBuilder text, string name, TagSet tags, string more, string value)
    {
        text.Append(name);
        if (tags.Tags.Length > 0 || more.Length > 0)
        {
            text.Append('{');
            for (var i = 0; i < tags.Tags.Length; i++)
            {
                var (key, tag) = tags.Tags[i];
                var shown = tag is IFormattable formattable
                    ? formattable.ToString(null, CultureInfo.InvariantCulture)
                    : tag?.ToString() ?? "";
                text.Append(i == 0 ? "" : ",").Append(Sanitize(key)).Append("=\"").Append(
                    Escape(shown, quotes: true)).Append('"');
            }

            text.Append(tags.Tags.Length > 0 && more.Length > 0 ? "," : "").Append(more).Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string NameOf(MetricFamily family)
    {
        var name = Sanitize(family.Instrument.Name);
        var isWhole = name == family.Instrument.Name;
        var unit =
            family.Instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", "ms" => "_milliseconds", _ => "" };
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal))
        {
            name += unit;
        }

        // A name in Prometheus' form is upstream's or ours, and as it is: some of upstream's counters end in _count.
        return family.IsCounter && !isWhole && !name.EndsWith("_total", StringComparison.Ordinal)
            ? name + "_total"
            : name;
    }

    private static string Sanitize(string name) =>
        string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
            }
        });

    private static string Escape(string text, bool quotes)
    {
        var escaped =
            text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
