using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Writes JSON the way Go does, compact or indented by one space, for texts inside error messages.</summary>
internal sealed class GoJsonWriter(bool indented)
{
    private readonly StringBuilder _out = new();
    private int _depth;
    private bool _isFirst = true;

    /// <inheritdoc/>
    public override string ToString() => _out.ToString();

    public void BeginObject() => Begin('{');

    public void EndObject() => End('}');

    public void BeginArray() => Begin('[');

    public void EndArray() => End(']');

    /// <summary>Starts an array element.</summary>
    public void Element()
    {
        if (!_isFirst)
        {
            _out.Append(',');
        }

        _isFirst = false;
        NewLine();
    }

    public void Name(string name)
    {
        Element();
        AppendText(name);
        _out.Append(indented ? ": " : ":");
    }

    /// <summary>A string, or null.</summary>
    public void Text(string? value)
    {
        if (value is null)
        {
            _out.Append("null");
        }
        else
        {
            AppendText(value);
        }
    }

    public void Scalar(object? value)
    {
        switch (value)
        {
            case null: _out.Append("null"); break;
            case bool flag: _out.Append(flag ? "true" : "false"); break;
            case string text: AppendText(text); break;
            case DateTime time: AppendText(time.ToApiText()); break;
            case IFormattable number: _out.Append(number.ToString(null, CultureInfo.InvariantCulture)); break;
            default: _out.Append(JsonSerializer.Serialize(value)); break;
        }
    }

    /// <summary>A map in the order of its keys; null stays null.</summary>
    public void Map<TValue>(IDictionary<string, TValue>? map, Action<TValue, GoJsonWriter> write)
    {
        if (map is null)
        {
            _out.Append("null");
            return;
        }

        BeginObject();
        foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            Name(key);
            write(value, this);
        }

        EndObject();
    }

    private void Begin(char bracket)
    {
        _out.Append(bracket);
        _depth++;
        _isFirst = true;
    }

    private void End(char bracket)
    {
        _depth--;
        if (!_isFirst)
        {
            NewLine();
        }

        _out.Append(bracket);
        _isFirst = false;
    }

    private void NewLine()
    {
        if (indented)
        {
            _out.Append('\n').Append(' ', _depth);
        }
    }

    /// <summary>Go escapes angle brackets and ampersands, but neither quotes nor letters beyond ASCII.</summary>
    private void AppendText(string value) => _out.Append('"')
        .Append(GoText.EscapeMarkup(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)))
        .Append('"');
}
