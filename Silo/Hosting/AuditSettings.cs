using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Audit;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a silo is told of auditing.</summary>
public sealed record AuditSettings
{
    /// <summary>The policy.</summary>
    public required string PolicyFile { get; init; }

    /// <summary>The log; null for none.</summary>
    public AuditFileOptions? File { get; init; }

    /// <summary>The server that gets events; null for none.</summary>
    public AuditWebhookOptions? Webhook { get; init; }

    /// <summary>What PostgreSQL keeps; null for nothing.</summary>
    public AuditRetention? Sql { get; init; }

    /// <summary>Events of complete requests are lines of the store of logs, too.</summary>
    public bool CentralLogs { get; init; }

    /// <summary>Has a host audit its requests.</summary>
    public void AddTo(IServiceCollection services, AuditPolicy policy)
    {
        services.AddAudit(policy);
        if (File is { } file)
        {
            services.AddAuditFile(file);
        }

        if (Webhook is { } webhook)
        {
            services.AddAuditWebhook(webhook);
        }

        if (Sql is { } retention)
        {
            services.AddAuditStore(retention).AddAuditTable();
        }
    }

    /// <summary>Reads and checks the policy.</summary>
    public AuditPolicy ReadPolicy()
    {
        if (!System.IO.File.Exists(PolicyFile))
        {
            throw new UserErrorException($"{PolicyFile} does not exist.");
        }

        try
        {
            return AuditPolicyReader.Read(System.IO.File.ReadAllBytes(PolicyFile));
        }
        catch (ConfigurationException wrong)
        {
            throw new UserErrorException($"{PolicyFile}: {wrong.Message}");
        }
    }
}
