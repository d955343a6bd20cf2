namespace OrleansOrchestrator.Api.Audit;

/// <summary>Where the audit log is written, and how much of it stays.</summary>
public sealed record AuditFileOptions
{
    /// <summary>Upstream's size when none is given.</summary>
    public const int DefaultMegabytes = 100;

    /// <summary>A file; <c>-</c> for standard output.</summary>
    public required string Path { get; init; }

    /// <summary>Old files go after so many days; 0 keeps them.</summary>
    public int MaxAgeDays { get; init; }

    /// <summary>So many old files stay at most; 0 keeps all.</summary>
    public int MaxBackups { get; init; }

    /// <summary>A file that would become larger is put aside.</summary>
    public int MaxMegabytes { get; init; } = DefaultMegabytes;

    /// <summary>Old files are compressed with gzip.</summary>
    public bool Compresses { get; init; }

    /// <summary>How events get there.</summary>
    public AuditDelivery Delivery { get; init; } = AuditDelivery.OfLog;
}
