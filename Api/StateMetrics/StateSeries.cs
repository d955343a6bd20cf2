using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>
/// The value of a label: text, or what stands in the object, which is copied without a string for it.
/// </summary>
internal readonly struct LabelValue
{
    private readonly string? _text;
    private readonly JsonElement _element;

    private LabelValue(string? text) => _text = text;

    private LabelValue(JsonElement element) => _element = element;

    public static implicit operator LabelValue(string? text) => new(text);

    public static implicit operator LabelValue(StateField field) => new(field.Element);

    /// <summary>Adds the value, escaped as Prometheus' text format wants it.</summary>
    public void WriteTo(IBufferWriter<byte> to)
    {
        if (_text is null && _element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            WriteElement(to);
        }
        else
        {
            WriteText(to, _text ?? "");
        }
    }

    private void WriteElement(IBufferWriter<byte> to)
    {
        if (_element.ValueKind != JsonValueKind.String)
        {
            WriteText(to, _element.GetRawText());
            return;
        }

        // Without a backslash JSON's form of the text is Prometheus' form, too.
        var raw = JsonMarshal.GetRawUtf8Value(_element)[1..^1];
        if (raw.Contains((byte)'\\'))
        {
            WriteText(to, _element.GetString()!);
        }
        else
        {
            to.Write(raw);
        }
    }

    private static void WriteText(IBufferWriter<byte> to, string text)
    {
        if (text.AsSpan().ContainsAny('\\', '"', '\n'))
        {
            text = text.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        }

        Encoding.UTF8.GetBytes(text, to);
    }
}

/// <summary>
/// All samples of one family: they stand together in the answer, while objects are read one by one. Held in pooled
/// pieces until the kind's objects have been read.
/// </summary>
internal sealed class StateSeries
{
    private const int PieceBytes = 16 * 1024;

    private readonly Pipe _samples = new(new PipeOptions(
        pauseWriterThreshold: 0, minimumSegmentSize: PieceBytes, useSynchronizationContext: false));

    private readonly StateFamily _family;
    private readonly byte[] _name;
    private ReadOnlyMemory<byte> _identity;

    public StateSeries(StateFamily family)
    {
        _family = family;
        _name = Encoding.UTF8.GetBytes(family.Name);
    }

    /// <summary>Writes what the family says of an object.</summary>
    /// <param name="item">The object.</param>
    /// <param name="identity">Its labels, ready to be written.</param>
    public void Read(StateField item, ReadOnlyMemory<byte> identity)
    {
        _identity = identity;
        _family.Write(item, this);
    }

    /// <summary>One sample of the object at hand; null is none.</summary>
    public void Add(double? value, params ReadOnlySpan<(string Name, LabelValue Value)> labels)
    {
        if (value is not { } number)
        {
            return;
        }

        var to = _samples.Writer;
        to.Write(_name);
        to.Write("{"u8);
        to.Write(_identity.Span);
        for (var i = 0; i < labels.Length; i++)
        {
            to.Write(i == 0 && _identity.IsEmpty ? ""u8 : ","u8);
            Encoding.UTF8.GetBytes(labels[i].Name, to);
            to.Write("=\""u8);
            labels[i].Value.WriteTo(to);
            to.Write("\""u8);
        }

        to.Write("} "u8);
        WriteNumber(to, number);
    }

    /// <summary>A sample for each value that a label can have: 1 for the present one, 0 for the others.</summary>
    public void AddChoice(string label, ReadOnlySpan<string> choices, StateField present)
    {
        foreach (var choice in choices)
        {
            Add(present.Is(choice) ? 1 : 0, (label, choice));
        }
    }

    /// <summary>A sample for each status that a condition can have.</summary>
    /// <param name="present">The status.</param>
    /// <param name="label">The label that tells it.</param>
    /// <param name="more">Labels before it.</param>
    public void AddStatus(
        StateField present, string label, params ReadOnlySpan<(string Name, LabelValue Value)> more)
    {
        Add(present.Is("True") ? 1 : 0, [.. more, (label, "true")]);
        Add(present.Is("False") ? 1 : 0, [.. more, (label, "false")]);
        Add(present.Is("Unknown") ? 1 : 0, [.. more, (label, "unknown")]);
    }

    /// <summary>Sends the family, and gives its memory back.</summary>
    public async ValueTask SendAsync(PipeWriter body, CancellationToken cancellationToken)
    {
        Encoding.UTF8.GetBytes(
            $"# HELP {_family.Name} {_family.Help}\n# TYPE {_family.Name} {_family.Type}\n", body);
        await _samples.Writer.CompleteAsync();
        if (_samples.Reader.TryRead(out var read))
        {
            foreach (var piece in read.Buffer)
            {
                await body.WriteAsync(piece, cancellationToken);
            }
        }

        await _samples.Reader.CompleteAsync();
    }

    private static void WriteNumber(PipeWriter to, double number)
    {
        const int LongestNumber = 32;
        var span = to.GetSpan(LongestNumber);
        _ = Utf8Formatter.TryFormat(number, span, out var length);
        span[length] = (byte)'\n';
        to.Advance(length + 1);
    }
}
