namespace OrleansOrchestrator.Api.Health;

/// <summary>Which endpoints a probe counts for.</summary>
[Flags]
public enum HealthScope
{
    /// <summary><c>/livez</c> and <c>/healthz</c>: failing means that only a restart can help.</summary>
    Live = 1,

    /// <summary><c>/readyz</c>: failing means that requests should go elsewhere for now.</summary>
    Ready = 2,

    Both = Live | Ready,
}

/// <summary>
/// One named check of this server; all registered ones are asked on every request for health, concurrently.
/// </summary>
public interface IHealthProbe
{
    /// <summary>
    /// For example <c>ping</c>, <c>poststarthook/start-controllers</c>; part of the path <c>/livez/NAME</c>.
    /// </summary>
    string Name { get; }

    HealthScope Scope { get; }

    /// <summary>Null when all is well, else what is wrong: logged, never told to clients.</summary>
    ValueTask<string?> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>A probe from a function.</summary>
public sealed class HealthProbe(
    string name, HealthScope scope, Func<CancellationToken, ValueTask<string?>> check) : IHealthProbe
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public HealthScope Scope => scope;

    /// <summary>The probe that says no more than that requests are answered.</summary>
    public static HealthProbe Ping { get; } =
        new("ping", HealthScope.Both, static _ => new ValueTask<string?>((string?)null));

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => check(cancellationToken);
}
