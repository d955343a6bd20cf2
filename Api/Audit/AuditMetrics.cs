using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>What is counted of auditing, under upstream's names.</summary>
public sealed class AuditMetrics
{
    private static readonly KeyValuePair<string, object?>[] Levels =
        [.. Enum.GetNames<AuditLevel>().Select(static l => new KeyValuePair<string, object?>("level", l))];

    private readonly Counter<long> _events;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _levels;
    private readonly Counter<long> _rejected;

    /// <param name="meters">This host's.</param>
    public AuditMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Audit");
        _events = meter.CreateCounter<long>(
            "apiserver_audit_event_total",
            description: "Counter of audit events generated and sent to the audit backend.");
        _errors = meter.CreateCounter<long>(
            "apiserver_audit_error_total",
            description: "Counter of audit events that failed to be audited properly. "
                + "Plugin identifies the plugin affected by the error.");
        _levels = meter.CreateCounter<long>(
            "apiserver_audit_level_total",
            description: "Counter of policy levels for audit events (1 per request).");
        _rejected = meter.CreateCounter<long>(
            "apiserver_audit_requests_rejected_total",
            description: "Counter of apiserver requests rejected due to an error in audit logging backend.");
    }

    /// <summary>A request was refused because its event could not be kept.</summary>
    public void Rejected() => _rejected.Add(1);

    /// <summary>An event was made.</summary>
    public void Made() => _events.Add(1);

    /// <summary>The policy has decided about a request.</summary>
    public void Decided(AuditLevel level) => _levels.Add(1, Levels[(int)level]);

    /// <summary>Events were lost.</summary>
    /// <param name="sink">
    /// On the way to where: <c>log</c>, <c>webhook</c>, <c>sql</c>; or <c>truncate</c>, <c>buffered</c>.
    /// </param>
    /// <param name="count">How many.</param>
    public void Lost(string sink, int count) => _errors.Add(count, new KeyValuePair<string, object?>("plugin", sink));
}
