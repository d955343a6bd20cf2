namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What options ask for that others leave out.</summary>
internal static class AddOnChecks
{
    /// <summary>Fails, in one sentence, where something is to be sent or kept that is not there.</summary>
    public static void Require(SiloOptions options)
    {
        if (options is { LogExport: not null, ConnectionString: null })
        {
            throw new UserErrorException("--otlp-logs-endpoint: without a database there are no central logs to send.");
        }

        if (options is { LogExport: not null, AddOns.Logs: false })
        {
            throw new UserErrorException("--otlp-logs-endpoint: with --logs=false there are no central logs to send.");
        }

        if (options is { Audit.CentralLogs: true, ConnectionString: null })
        {
            throw new UserErrorException("--audit-central-logs: without a database there are no central logs.");
        }

        if (options is { Audit.CentralLogs: true, AddOns.Logs: false })
        {
            throw new UserErrorException("--audit-central-logs: with --logs=false there are no central logs.");
        }

        if (options is { RemoteWrite: not null, AddOns.Metrics: false })
        {
            throw new UserErrorException("--remote-write-url: with --metrics=false no node is asked.");
        }
    }
}
