using System.Text;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>One condition on a line's text.</summary>
/// <param name="IsNegated">True for lines on which it does not hold.</param>
public abstract record LogTerm(bool IsNegated)
{
    /// <summary>
    /// Hashes of words that every line has for which the term holds, whether it is negated or not: see <see
    /// cref="WordScanner"/>.
    /// </summary>
    public abstract IReadOnlyCollection<ulong> Words { get; }

    /// <summary>
    /// Sequences of which every such line has one at least; empty when nothing is known. What is searched for first.
    /// </summary>
    internal abstract IReadOnlyList<ByteSequence> Anchors { get; }

    /// <summary>Whether the condition itself, not its negation, holds.</summary>
    /// <param name="line">The line.</param>
    /// <param name="lower">The same with ASCII letters in lower case.</param>
    public abstract bool Holds(ReadOnlySpan<byte> line, ReadOnlySpan<byte> lower);

    /// <summary>A text that ends where words end; letters of ASCII count the same in both cases.</summary>
    internal static bool HoldsText(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> text)
    {
        for (var from = 0; from <= lower.Length - text.Length;)
        {
            var found = lower[from..].IndexOf(text);
            if (found < 0)
            {
                return false;
            }

            var (start, end) = (from + found, from + found + text.Length);
            if ((start == 0 || !(WordScanner.IsWord(text[0]) && WordScanner.IsWord(lower[start - 1])))
                && (end == lower.Length || !(WordScanner.IsWord(text[^1]) && WordScanner.IsWord(lower[end]))))
            {
                return true;
            }

            from = start + 1;
        }

        return false;
    }

    internal static byte[] Lower(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AsciiCase.Lower(bytes, bytes);
        return bytes;
    }
}

/// <summary>A word or a phrase.</summary>
public sealed record TextTerm : LogTerm
{
    private readonly byte[] _text;

    public TextTerm(string text, bool isNegated)
        : base(isNegated)
    {
        _text = Lower(text);
        Words = WordScanner.AllOf(_text);
        Anchors = [ByteSequence.InEitherCase(_text)];
    }

    internal override IReadOnlyList<ByteSequence> Anchors { get; }

    public override IReadOnlyCollection<ulong> Words { get; }

    public override bool Holds(ReadOnlySpan<byte> line, ReadOnlySpan<byte> lower) => HoldsText(lower, _text);
}

/// <summary>
/// A regular expression, which takes time in proportion to the line whatever it is, and to its own size.
/// </summary>
public sealed record RegexTerm : LogTerm
{
    /// <summary>For one line, which has 64 KiB at most: no expression of the size allowed needs it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Regex _regex;

    /// <summary>Throws <see cref="ArgumentException"/>, or <see cref="NotSupportedException"/> for what would take
    /// longer (references, look-around, large counts).</summary>
    public RegexTerm(string pattern, bool isNegated)
        : base(isNegated)
    {
        if (RegexSize.Complaint(pattern) is { } complaint)
        {
            throw new NotSupportedException(complaint);
        }

        try
        {
            _regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);
        }
        catch (NotSupportedException)
        {
            throw new NotSupportedException(
                "look-around, references to groups, atomic groups and conditions are not supported");
        }

        var known = RegexAnchors.Find(pattern);
        (Anchors, Words) = (known.Sequences, known.Words);
    }

    internal override IReadOnlyList<ByteSequence> Anchors { get; }

    public override IReadOnlyCollection<ulong> Words { get; }

    public override bool Holds(ReadOnlySpan<byte> line, ReadOnlySpan<byte> lower)
    {
        const int OnStack = 1024;
        Span<char> text = line.Length <= OnStack ? stackalloc char[OnStack] : new char[line.Length];
        var length = Encoding.UTF8.GetChars(line, text);
        return _regex.IsMatch(text[..length]);
    }
}

/// <summary>A field of a JSON object, or <c>name=value</c> anywhere in another line.</summary>
public sealed record FieldTerm : LogTerm
{
    private readonly string[] _path;
    private readonly string _value;
    private readonly byte[][] _texts;

    /// <param name="path">Name of the field, with dots between the names of nested ones.</param>
    /// <param name="value">The whole value; numbers and true, false, null as they are written.</param>
    /// <param name="isNegated">True for lines without it.</param>
    public FieldTerm(string path, string value, bool isNegated)
        : base(isNegated)
    {
        (_path, _value) = (path.Split('.'), value);
        _texts = value.Length == 0
            ? [Lower($"{path}=\"\"")]
            : [Lower($"{path}={value}"), Lower($"{path}=\"{value}\"")];

        // What JSON writes otherwise than it is says nothing about the bytes of the line.
        var known = new[] { _path[^1], value }.Where(static t => t.Length > 0 && t.All(IsPlain)).Select(Lower).ToList();
        Anchors = [.. known.TakeLast(1).Select(static t => ByteSequence.InEitherCase(t))];
        Words = [.. known.SelectMany(static t => WordScanner.AllOf(t))];
    }

    internal override IReadOnlyList<ByteSequence> Anchors { get; }

    public override IReadOnlyCollection<ulong> Words { get; }

    public override bool Holds(ReadOnlySpan<byte> line, ReadOnlySpan<byte> lower) =>
        (line is [(byte)'{', ..] && JsonField.Has(line, _path, _value))
        || HoldsAnyText(lower);

    private static bool IsPlain(char c) =>
        c is >= ' ' and <= '~' and not ('"' or '\\' or '/' or '<' or '>' or '&' or '\'' or '+' or '`');

    private bool HoldsAnyText(ReadOnlySpan<byte> lower)
    {
        foreach (var text in _texts)
        {
            if (HoldsText(lower, text))
            {
                return true;
            }
        }

        return false;
    }
}
