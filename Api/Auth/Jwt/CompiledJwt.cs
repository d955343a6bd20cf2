using OrleansOrchestrator.Cel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>An issuer's settings that have nothing wrong, with their expressions; null where there is none.</summary>
internal sealed record CompiledJwt(JwtSettings Settings)
{
    public required IReadOnlyList<CompiledRule> ClaimRules { get; init; }

    public CelProgram? Username { get; init; }

    public CelProgram? Groups { get; init; }

    public CelProgram? Uid { get; init; }

    public required IReadOnlyList<CompiledExtra> Extra { get; init; }

    public required IReadOnlyList<CompiledRule> UserRules { get; init; }
}

/// <summary>What must be true, and what is said when it is not.</summary>
internal sealed record CompiledRule(CelProgram Program, string Message);

/// <summary>An extra of a user.</summary>
internal sealed record CompiledExtra(string Key, CelProgram Program);
