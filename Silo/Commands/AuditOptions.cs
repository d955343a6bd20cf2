using System.CommandLine;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Grains.Audit;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of auditing, under upstream's names.</summary>
internal sealed class AuditOptions
{
    private readonly FileOption _policy = CommonOptions.MaybeFile(
        "--audit-policy-file", "A Policy of audit.k8s.io/v1: what is audited, and how much of it.");
    private readonly FileOption _path = CommonOptions.MaybeFile(
        "--audit-log-path", "Where the audit log is written; '-' is standard output.");
    private readonly Option<int> _maxAge = CommonOptions.Number(
        "--audit-log-maxage", "Days after which old files of the audit log are deleted; 0 keeps them.",
        AuditFileOptions.DefaultDays, 0, 100_000);
    private readonly Option<int> _maxBackups = CommonOptions.Number(
        "--audit-log-maxbackup", "How many old files of the audit log stay; 0 keeps all.",
        AuditFileOptions.DefaultBackups, 0, 100_000);
    private readonly Option<int> _maxSize = CommonOptions.Number(
        "--audit-log-maxsize", "Megabytes of the audit log after which it is put aside; 0 for 100.",
        AuditFileOptions.DefaultMegabytes, 0, 1_000_000);
    private readonly Option<bool> _compress = new("--audit-log-compress")
    {
        Description = "Compress files of the audit log with gzip when they are put aside.",
    };

    private readonly FileOption _webhook = CommonOptions.MaybeFile(
        "--audit-webhook-config-file", "A kubeconfig that says to which server events are sent.");
    private readonly Option<string?> _backoff = CommonOptions.MaybeText(
        "--audit-webhook-initial-backoff", "How long the first repetition of a failed request waits. Default: 10s.");
    private readonly AuditDeliveryOptions _log = new("--audit-log", AuditDelivery.OfLog);
    private readonly AuditDeliveryOptions _remote = new("--audit-webhook", new AuditDelivery());
    private readonly Option<int> _sqlDays = CommonOptions.Number(
        "--audit-sql-days",
        "Days for which PostgreSQL keeps events without bodies, as the view kube.audit; 0 keeps none.", 0, 0, 3650);
    private readonly Option<int> _sqlEvents = CommonOptions.Number(
        "--audit-sql-max-events", "How many events PostgreSQL keeps at most.", (int)AuditRetention.DefaultEvents, 1000,
        int.MaxValue);

    private readonly Option<bool> _logs = new("--audit-central-logs")
    {
        Description = "Keep events without bodies in the store of logs, too, where they are searched as other lines.",
    };

    public IEnumerable<Option> All =>
    [
        _policy, _path, _maxAge, _maxBackups, _maxSize, _compress, .. _log.All, _webhook, _backoff, .. _remote.All,
        _sqlDays, _sqlEvents, _logs,
    ];

    public AuditSettings? Of(ParseResult parsed)
    {
        var (path, days) = (parsed.GetValue(_path), parsed.GetValue(_sqlDays));
        if (parsed.GetValue(_policy) is not { } policy)
        {
            return path is null && days == 0 && parsed.GetValue(_webhook) is null && !parsed.GetValue(_logs)
                ? null
                : throw new UserErrorException(
                    "--audit-log-path, --audit-webhook-config-file, --audit-sql-days and --audit-central-logs need "
                        + "--audit-policy-file: without a policy nothing is audited.");
        }

        return new AuditSettings
        {
            PolicyFile = policy,
            File = path is null ? null : new AuditFileOptions
            {
                Path = path, MaxAgeDays = parsed.GetValue(_maxAge), MaxBackups = parsed.GetValue(_maxBackups),
                MaxMegabytes = parsed.GetValue(_maxSize), Compresses = parsed.GetValue(_compress),
                Delivery = _log.Of(parsed),
            },
            Webhook = parsed.GetValue(_webhook) is not { } webhook ? null : new AuditWebhookOptions
            {
                Target = RemoteKubeconfig.Load(webhook),
                InitialBackoff = CommonOptions.MaybeTimeOf(parsed, _backoff) ?? TimeSpan.FromSeconds(10),
                Delivery = _remote.Of(parsed),
            },
            Sql = days == 0 ? null : new AuditRetention(TimeSpan.FromDays(days), parsed.GetValue(_sqlEvents)),
            CentralLogs = parsed.GetValue(_logs),
        };
    }
}
