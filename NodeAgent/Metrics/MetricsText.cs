using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>Writes metrics in the text format that Prometheus reads (version 0.0.4).</summary>
public sealed class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>Begins a family: all samples of one name stand together, below its help and type.</summary>
    public MetricsText Family(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>One sample; null is none.</summary>
    public void Sample(
        string name, double? value, DateTimeOffset? at, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        if (value is not { } number)
        {
            return;
        }

        _text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            Escape(labels[i].Value);
            _text.Append('"');
        }

        _text.Append(labels.Length > 0 ? "} " : " ").Append(number.ToString("R", CultureInfo.InvariantCulture));
        if (at is { } moment)
        {
            _text.Append(' ').Append(moment.ToUnixTimeMilliseconds());
        }

        _text.Append('\n');
    }

    public override string ToString() => _text.ToString();

    private void Escape(string value)
    {
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => _text.Append(@"\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(c),
            };
        }
    }
}
