using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Queries;
using OrleansOrchestrator.Logs.Segments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Queries;

/// <summary>
/// Searching finds what looking at each line would find, and the words of a query are in each line found.
/// </summary>
public sealed class LineFilterTests
{
    private static readonly Gen<string> Pattern = Texts.Any(
        "a", "ab", "error", "x_1", "\\d+", "[a-c]", "[^a]", ".", "a*", "b?", "(ab)+", "(abc)?", "^", "$", "\\.",
            "foo\\.bar", "c{1,2}",
        "t{0}", "[0-9a-f]{2}", "(?:[a-z]+)", "\\S", "[^a-z ]{2,}", "[x-z_]", "\\d{2}", "[ö-ü]",
        "10\\.0", ":", " ", "größe", "日本", "\\w", "=", "\\\"eva", "(error)", "(a|b)", "time\\S*",
            "\\bab\\b", "took 5", "(timeout|eva)", "0x|ms", "Ab", "status\":5").Array[1, 4].Select(
            string.Concat);

    private static readonly Gen<LogTerm> Term = Gen.OneOf(
        Gen.Select(Texts.Word.Where(static w => w.Trim().Length > 0), Gen.Bool).Select(
            static (w, not) => (LogTerm)new TextTerm(w, not)),
        Gen.Select(Pattern, Gen.Bool).Select(static (p, not) => (LogTerm)new RegexTerm(p, not)),
        Gen.Select(Texts.Any("user", "n.status", "level", "a.b"), Texts.Any("eva", "500", "error", "eva b", ""),
            Gen.Bool)
            .Select(static (name, value, not) => (LogTerm)new FieldTerm(name, value, not)));

    [Fact]
    public void A_search_finds_what_looking_at_each_line_finds() =>
        Gen.Select(Texts.Block, Term.Array[0, 3], Gen.Int[0, 5]).Check(static (block, terms, severity) =>
        {
            var filter = new LineFilter(terms, (Severity)severity);
            var expected = Enumerable.Range(0, block.Count).Where(i =>
                (int)block.Flags(i).Severity >= severity && terms.All(t =>
                    Holds(t, block.Text(i)) != t.IsNegated)).ToList();
            using var stored = StoredSegment.Open(
                new LogSegment([new SegmentRun(1, 0, block.Count)], block).Encode(1).Body);
            Assert.Equal(expected, filter.Find(stored, CancellationToken.None));
            foreach (var line in expected)
            {
                Assert.Subset(WordScanner.AllOf(block.Text(line)), filter.Words.ToHashSet());
            }
        }, cases: 3000);

    [Fact]
    public void What_a_regular_expression_must_have_is_in_each_line_that_it_matches() =>
        Gen.Select(Gen.Bool, Pattern, Texts.Line).Check(static (isEitherCase, plain, line) =>
        {
            var pattern = isEitherCase ? $"(?i){plain}" : plain;
            if (!Regex.IsMatch(line, pattern, RegexOptions.CultureInvariant))
            {
                return;
            }

            var known = RegexAnchors.Find(pattern);
            var bytes = Encoding.UTF8.GetBytes(line);
            Assert.True(known.Sequences.Count == 0 || known.Sequences.Any(sequence => StandsIn(sequence, bytes)));
            Assert.Subset(WordScanner.AllOf(bytes), known.Words.ToHashSet());
        }, cases: 20_000);

    [Theory]
    [InlineData("connection refused: \\d+", "connection refused: [0-9],[\\x80-\\xff]")]
    [InlineData("connection refused: [0-9]+", "connection refused: [0-9]")]
    [InlineData("^GET /api/v[12]/", "GET /api/v[12]/")]
    [InlineData("a|b", "a,b")]
    [InlineData("timed out|refused|connection reset", "timed out,refused,connection reset")]
    [InlineData("(timeout|refused) by", "timeout,refused")]
    [InlineData("(timeout|refused)? by", " by")]
    [InlineData("(a|b*) by", " by")]
    [InlineData("((a|bc)de|x{2}yz)+", "de,xxyz")]
    [InlineData("a|b*", "")]
    [InlineData("a|b)c", "")]
    [InlineData("(?<name>abc)", "")]
    [InlineData("(?:ab(c|d)e", "")]
    [InlineData("a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q", "")]
    [InlineData("(?i)abc", "[Aa][Bb][Cc]")]
    [InlineData("(?i)Time out", "[Tt][Ii][Mm][Ee] [Oo][Uu][Tt],[\\x80-\\xff]")]
    [InlineData("a(?i)bcd", "")]
    [InlineData("took (?:1|2) seconds|never", " seconds,never")]
    [InlineData("(?:1|2) took (a|b) seconds", " seconds")]
    [InlineData("[|]ab\\|cd", "|ab|cd")]
    [InlineData("ab(?#c)d", "")]
    [InlineData("abc?d", "ab")]
    [InlineData("ab+c{2,3}d", "bcc")]
    [InlineData("a{3}?b", "aaab")]
    [InlineData("{\"a\":{x", "{\"a\":{x")]
    [InlineData("x(abcdef)?yz", "yz")]
    [InlineData("x(abcdef)yz", "abcdef")]
    [InlineData("\\x41bcd-e", "-e")]
    [InlineData("[a-z-[aeiou]]bcd", "")]
    [InlineData("[g-z]{3}[0-9][g-z]{3}", "[g-z][g-z][g-z][0-9][g-z][g-z][g-z]")]
    [InlineData("[]a^-]\\t", "[-]^a]\\x09")]
    [InlineData("(?i)[k-l]x", "[KLkl][Xx],[\\x80-\\xff]")]
    [InlineData("(?i)[ö]xy", "[Xx][Yy]")]
    [InlineData("ö[ä]", "\\xc3\\xb6[],[\\x80-\\xff]")]
    [InlineData("[\\p{L}]ab", "ab")]
    [InlineData("\\b{2000000000}ab", "ab")]
    public void The_rarest_sequences_are_found(string pattern, string expected) =>
        Assert.Equal(expected, string.Join(',', RegexAnchors.Find(pattern).Sequences));

    [Theory]
    [InlineData("a{1000}", 1000)]
    [InlineData("a{3,}", 3)]
    [InlineData("a*b+c?", 3)]
    [InlineData("a{0}", 1)]
    [InlineData("(ab{5}|c){10}", 90)]
    [InlineData("(?:a)(?<x>b)(?i)c", 14)]
    [InlineData("\\{1000000\\}", 11)]
    [InlineData("[{5}]{2}", 10)]
    [InlineData("a)b(", 1)]
    [InlineData("(a{100}){100}", RegexSize.Max + 1)]
    [InlineData("((((.?){9}){9}){9}){2000000000}", RegexSize.Max + 1)]
    [InlineData("(a(b(c{22}){22}){22}){22}", RegexSize.Max + 1)]
    [InlineData("a(?#no){9}", null)]
    [InlineData("(?x)(aaa) {9}", null)]
    [InlineData("(?i-sx:a)", null)]
    public void What_an_expression_stands_for_is_bounded(string pattern, int? size)
    {
        Assert.Equal(size, RegexSize.Of(pattern));
        Assert.Equal(size is null or > RegexSize.Max, RegexSize.Complaint(pattern) is not null);
    }

    [Fact]
    public void Of_the_letters_of_ascii_only_k_and_i_have_a_further_case()
    {
        var beyond = string.Concat(Enumerable.Range(0x80, 0xd800 - 0x80).Select(static c => (char)c));
        Assert.False(Regex.IsMatch(beyond, "(?i)[a-hjl-z]", RegexOptions.CultureInvariant));
    }

    [Theory]
    [InlineData("error", "an ERROR: no", true)]
    [InlineData("time", "timeout", false)]
    [InlineData("time", "time-out", true)]
    [InlineData("\"connection refused\"", "Connection refused.", true)]
    [InlineData("refused -again", "refused again", false)]
    [InlineData("/v[12]\\//", "GET /v2/x", true)]
    [InlineData("/var/log", "in /var/log/x", true)]
    [InlineData("user=eva", "{\"user\":\"eva\"}", true)]
    [InlineData("user=eva", "user=evan", false)]
    [InlineData("user=\"eva b\"", "user=\"eva b\" x", true)]
    [InlineData("http.status=500", "{\"http\":{\"status\":500}}", true)]
    [InlineData("http.status=500", "{\"http.status\":500}", true)]
    [InlineData("http.status=500", "{\"http\":{\"status\":5000}}", false)]
    [InlineData("ok=true", "{\"x\":[{\"ok\":false}],\"ok\":true}", true)]
    [InlineData("a b", "b x a", true)]
    public void Queries_mean_what_people_write(string query, string line, bool isFound)
    {
        Assert.Null(LogQueryText.Read(query, out var terms));
        var block = new LineBlock();
        block.Add(0, default, Encoding.UTF8.GetBytes(line));
        using var stored = StoredSegment.Open(new LogSegment([new SegmentRun(1, 0, 1)], block).Encode(1).Body);
        Assert.Equal(isFound, new LineFilter(terms).Find(stored, CancellationToken.None).Count == 1);
    }

    [Theory]
    [InlineData("\"open")]
    [InlineData("/(/")]
    [InlineData("/(a)\\1/")]
    [InlineData("x=")]
    [InlineData("\"\"")]
    public void What_makes_no_sense_is_refused_with_a_reason(string query) =>
        Assert.NotNull(LogQueryText.Read(query, out _));

    [Fact]
    public void Any_text_is_a_query_or_refused() =>
        Gen.String.Check(static text => _ = LogQueryText.Read(text, out _));

    private static bool StandsIn(ByteSequence sequence, byte[] line) =>
        Enumerable.Range(0, line.Length + 1).Any(at => at + sequence.Sets.Length <= line.Length
            && Enumerable.Range(0, sequence.Sets.Length).All(i => sequence.Sets[i].Contains(line[at + i])));

    private static bool Holds(LogTerm term, ReadOnlySpan<byte> line)
    {
        var lower = new byte[line.Length];
        for (var i = 0; i < line.Length; i++)
        {
            lower[i] = line[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(line[i] + 32) : line[i];
        }

        return term.Holds(line, lower);
    }

    [Theory]
    [InlineData("(?=x)")]
    [InlineData("(a)\\1")]
    [InlineData("(?>a)")]
    public void What_takes_going_back_is_refused_in_words_of_its_own(string pattern) => Assert.Equal(
        "look-around, references to groups, atomic groups and conditions are not supported",
        Assert.Throws<NotSupportedException>(() => new RegexTerm(pattern, isNegated: false)).Message);
}
