using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// Answers <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c>, with <c>?verbose</c>, <c>?exclude=NAME</c>, and each
/// check below its own path. The reasons of failures go to the log only: these paths are open to anonymous callers.
/// </summary>
public sealed class HealthHandler : IEndpointHandler
{
    private readonly IHealthProbe[] _probes;
    private readonly HealthChecker _checker;
    private readonly HealthMetrics _metrics;

    public HealthHandler(
        IEnumerable<IHealthProbe> probes, HealthChecker checker, HealthMetrics metrics,
        IHostApplicationLifetime? lifetime = null)
    {
        var shutdown = new HealthProbe("shutdown", HealthScope.Ready, _ => new ValueTask<string?>(
            lifetime is { ApplicationStopping.IsCancellationRequested: true } ? "process is shutting down" : null));
        _probes = [HealthProbe.Ping, .. probes, shutdown];
        (_checker, _metrics) = (checker, metrics);
    }

    /// <summary>Paths of all checks, for the index.</summary>
    public IEnumerable<string> Paths => Endpoints().SelectMany(
        e => _probes.Where(p => p.Scope.HasFlag(e.Scope)).Select(p => $"/{e.Name}/{p.Name}").Prepend($"/{e.Name}"));

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        foreach (var (name, scope) in Endpoints())
        {
            if (!request.Path.AsSpan(1).StartsWith(name, StringComparison.Ordinal))
            {
                continue;
            }

            var rest = request.Path[(name.Length + 1)..];
            var probes = _probes.Where(p => p.Scope.HasFlag(scope)).ToArray();
            if (rest is "" or "/")
            {
                await AnswerAllAsync(context, name, probes);
                return true;
            }

            return rest[0] == '/' && await TryAnswerOneAsync(context, rest[1..], probes);
        }

        return false;
    }

    private static (string Name, HealthScope Scope)[] Endpoints() =>
        [("healthz", HealthScope.Live), ("livez", HealthScope.Live), ("readyz", HealthScope.Ready)];

    private static async Task AnswerAsync(HttpContext context, int statusCode, string text)
    {
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private async ValueTask<bool> TryAnswerOneAsync(HttpContext context, string name, IHealthProbe[] probes)
    {
        if (Array.Find(probes, p => p.Name == name) is not { } probe)
        {
            return false;
        }

        var failure = await _checker.CheckAsync(probe, context.RequestAborted);
        await (failure is null ? AnswerAsync(context, 200, "ok") : AnswerAsync(context, 500, "internal server error: reason withheld\n"));
        return true;
    }

    private async Task AnswerAllAsync(HttpContext context, string endpoint, IHealthProbe[] probes)
    {
        var query = new QueryReader(context.Request.Query);
        var excluded = query.All("exclude").OfType<string>().Where(e => e.Length > 0).ToHashSet(StringComparer.Ordinal);
        var failures = await Task.WhenAll(probes.Select(p => _checker.CheckAsync(p, context.RequestAborted).AsTask()));
        var text = new StringBuilder();
        var failed = false;
        for (var i = 0; i < probes.Length; i++)
        {
            var name = probes[i].Name;
            if (excluded.Remove(name))
            {
                text.Append("[+]").Append(name).Append(" excluded: ok\n");
                continue;
            }

            _metrics.Asked(name, endpoint, isContent: failures[i] is null);
            if (failures[i] is null)
            {
                text.Append("[+]").Append(name).Append(" ok\n");
            }
            else
            {
                failed = true;
                text.Append("[-]").Append(name).Append(" failed: reason withheld\n");
            }
        }

        if (excluded.Count > 0)
        {
            var names = string.Join(',', excluded.Order(StringComparer.Ordinal).Select(n => $"\"{n}\""));
            text.Append("warn: some health checks cannot be excluded: no matches for ").Append(names).Append('\n');
        }

        if (failed)
        {
            await AnswerAsync(context, 500, text.Append(endpoint).Append(" check failed\n").ToString());
            return;
        }

        var verbose = query.Has("verbose");
        await AnswerAsync(context, 200, verbose ? text.Append(endpoint).Append(" check passed\n").ToString() : "ok");
    }
}
