using System.CommandLine;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// An option whose value may hold a password or a token, as connection strings and URLs may: whoever tells of a silo's
/// flags says only that it is given.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="variable">The variable of the environment that may say it instead, which nobody else on the machine can
/// read; null for none.</param>
internal sealed class SecretOption(string name, string? variable = null) : Option<string?>(name)
{
    /// <summary>What it is; null for nothing. The variable is no default of the option, because help shows defaults.
    /// </summary>
    public string? ValueOf(ParseResult parsed) =>
        parsed.GetValue(this) ?? (variable is null ? null : Environment.GetEnvironmentVariable(variable));
}
