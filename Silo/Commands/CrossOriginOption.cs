using System.CommandLine;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>Whose pages may read what the API answers (CORS), under upstream's name.</summary>
internal sealed class CrossOriginOption
{
    private const string Name = "--cors-allowed-origins";
    private const string Help =
        "Origins whose pages may read what the API answers (CORS): regular expressions, each bound to the begin of the "
        + @"host by ^ or // and to its end by $ or :, such as //example\.com(:|$). Default: none.";

    private readonly Option<string[]> _origins = CommonOptions.List(Name, Help);

    public IEnumerable<Option> All => [_origins];

    public IReadOnlyList<Regex> Read(ParseResult parsed) =>
        [.. CommonOptions.ListOf(parsed, _origins).Select(Pattern)];

    /// <summary>One that is bound to nothing would let in hosts that merely have the name in theirs (CVE-2022-1996).
    /// </summary>
    private static Regex Pattern(string text)
    {
        if (text.Length == 0)
        {
            throw new UserErrorException($"empty value in {Name}, help: {Help}");
        }

        var regex = Re2.Find(text, out var complaint) ?? throw Invalid(complaint);
        var hasStart = text.Contains('^', StringComparison.Ordinal) || text.Contains("//", StringComparison.Ordinal);
        return hasStart && text.AsSpan().ContainsAny('$', ':')
            ? regex
            : throw Invalid("regular expression does not pin to start/end of host in the origin header");
    }

    private static UserErrorException Invalid(string why) =>
        new($"{Name} has an invalid regular expression: {why}, help: {Help}");
}
