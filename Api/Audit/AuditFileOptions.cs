namespace OrleansOrchestrator.Api.Audit;

/// <summary>Where the audit log is written, and how much of it stays.</summary>
public sealed record AuditFileOptions
{
    /// <summary>Upstream's size when none is given.</summary>
    public const int DefaultMegabytes = 100;

    /// <summary>Upstream's age when none is given: a year.</summary>
    public const int DefaultDays = 366;

    /// <summary>Upstream's number of old files when none is given.</summary>
    public const int DefaultBackups = 100;

    /// <summary>A file; <c>-</c> for standard output.</summary>
    public required string Path { get; init; }

    /// <summary>Old files go after so many days; 0 keeps them.</summary>
    public int MaxAgeDays { get; init; } = DefaultDays;

    /// <summary>So many old files stay at most; 0 keeps all.</summary>
    public int MaxBackups { get; init; } = DefaultBackups;

    /// <summary>A file that would become larger is put aside; 0 for upstream's size.</summary>
    public int MaxMegabytes { get; init; } = DefaultMegabytes;

    /// <summary>Old files are compressed with gzip.</summary>
    public bool Compresses { get; init; }

    /// <summary>How events get there.</summary>
    public AuditDelivery Delivery { get; init; } = AuditDelivery.OfLog;
}
