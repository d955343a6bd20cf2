using System.CommandLine;
using System.Globalization;
using OrleansOrchestrator.Api.Diagnostics;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>What a command line says of its options, given or not, for those who look at a running silo.</summary>
public static class FlagValues
{
    /// <summary>All of them; secrets are replaced here, and go no further.</summary>
    public static ServerFlags Of(ParseResult parsed, IEnumerable<Option> options) =>
        new(options.ToDictionary(static o => o.Name.TrimStart('-'), o => Show(parsed, o), StringComparer.Ordinal));

    private static string Show(ParseResult parsed, Option option) =>
        option is not SecretOption secret ? ValueOf(parsed, option)
        : string.IsNullOrEmpty(secret.ValueOf(parsed)) ? ""
        : ServerFlags.Classified;

    private static string ValueOf(ParseResult parsed, Option option) => parsed.GetResult(option) switch
    {
        { Implicit: false, Tokens: [] } => "true",
        { Implicit: false, Tokens: var tokens } when option.ValueType.IsArray =>
            $"[{string.Join(',', tokens.Select(static t => t.Value))}]",
        { Implicit: false, Tokens: var tokens } => tokens[^1].Value,
        _ => option.HasDefaultValue ? Format(option.GetDefaultValue()) : "",
    };

    private static string Format(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Array items => $"[{string.Join(',', items.Cast<object?>())}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
