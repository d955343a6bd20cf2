using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>What browsers are told of TLS here (RFC 6797), under upstream's name.</summary>
internal sealed class TransportSecurityOption
{
    private const string Name = "strict-transport-security-directives";

    private readonly Option<string?> _directives = CommonOptions.MaybeText(
        $"--{Name}",
        "What browsers are told of TLS at this server, with commas, such as "
            + "max-age=31536000,includeSubDomains,preload. Default: nothing.");

    public IEnumerable<Option> All => [_directives];

    /// <summary>The value of the header; empty when nothing is told.</summary>
    public string Read(ParseResult parsed)
    {
        string[] directives = parsed.GetValue(_directives) is { } given ? given.Split(',') : [];
        foreach (var directive in directives)
        {
            Check(directive);
        }

        return string.Join("; ", directives);
    }

    private static void Check(string directive)
    {
        if (string.IsNullOrWhiteSpace(directive))
        {
            throw new UserErrorException($"empty value in {Name}");
        }

        if (directive is not ("includeSubDomains" or "preload") && directive.Split('=') is not ["max-age", _])
        {
            throw new UserErrorException(
                $"--{Name} invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see "
                + "https://tools.ietf.org/html/rfc6797#section-6.1 for more information");
        }
    }
}
