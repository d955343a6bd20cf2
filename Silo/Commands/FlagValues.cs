using System.CommandLine;
using System.Globalization;
using OrleansOrchestrator.Api.Diagnostics;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>What a command line says of its options, given or not, for those who look at a running silo.</summary>
public static class FlagValues
{
    /// <summary>The options whose values may hold a password or a token: connection strings and URLs.</summary>
    private static readonly string[] Classified =
        [CommonOptions.ConnectionName, "--otlp-endpoint", "--otlp-logs-endpoint", "--remote-write-url"];

    /// <summary>All of them; secrets are replaced here, where they are known, and go no further.</summary>
    public static ServerFlags Of(ParseResult parsed, IEnumerable<Option> options) =>
        new(options.ToDictionary(static o => o.Name.TrimStart('-'), o => Show(parsed, o), StringComparer.Ordinal));

    private static string Show(ParseResult parsed, Option option)
    {
        var value = ValueOf(parsed, option);
        return value.Length > 0 && Classified.Contains(option.Name) ? ServerFlags.Classified : value;
    }

    private static string ValueOf(ParseResult parsed, Option option) => parsed.GetResult(option) switch
    {
        { Implicit: false, Tokens: [] } => "true",
        { Implicit: false, Tokens: var tokens } when option.ValueType.IsArray =>
            $"[{string.Join(',', tokens.Select(static t => t.Value))}]",
        { Implicit: false, Tokens: var tokens } => tokens[^1].Value,
        _ when option.Name == CommonOptions.ConnectionName =>
            Environment.GetEnvironmentVariable(SiloOptions.ConnectionVariable) ?? "",
        _ => option.HasDefaultValue ? Format(option.GetDefaultValue()) : "",
    };

    private static string Format(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Array items => $"[{string.Join(',', items.Cast<object?>())}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
