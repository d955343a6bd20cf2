using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>What a namespace asks of its pods.</summary>
/// <param name="Enforce">Pods that violate it are refused.</param>
/// <param name="Audit">Pods that violate it are noted in the audit log.</param>
/// <param name="Warn">Whoever writes pods, or templates of pods, that violate it is warned.</param>
public sealed record PodSecurityPolicy(LevelVersion Enforce, LevelVersion Audit, LevelVersion Warn)
{
    /// <summary>What the names of all labels begin with.</summary>
    public const string LabelPrefix = "pod-security.kubernetes.io/";

    private static readonly FieldPath LabelsPath = FieldPath.Of("metadata", "labels");
    private static readonly Mode EnforceMode = new("enforce", PodSecurityLevel.Restricted);
    private static readonly Mode AuditMode = new("audit", PodSecurityLevel.Privileged);
    private static readonly Mode WarnMode = new("warn", PodSecurityLevel.Privileged);

    /// <summary>Everything is allowed: the policy of clusters that have not chosen another.</summary>
    public static PodSecurityPolicy Privileged { get; } = new(default, default, default);

    public bool IsPrivileged =>
        (Enforce.Level, Audit.Level, Warn.Level) == (PodSecurityLevel.Privileged, PodSecurityLevel.Privileged,
            PodSecurityLevel.Privileged);

    /// <summary>
    /// The policy that labels choose. There always is one: what cannot be read is enforced as the strictest level, and
    /// neither audited nor warned of.
    /// </summary>
    /// <param name="labels">Of the namespace.</param>
    /// <param name="defaults">What counts where no label speaks.</param>
    /// <param name="errors">Takes a finding for each label that cannot be read.</param>
    public static PodSecurityPolicy Of(
        IDictionary<string, string>? labels, PodSecurityPolicy defaults, FieldErrors errors)
    {
        if (labels is null || labels.Count == 0)
        {
            return defaults;
        }

        var enforce = Read(labels, EnforceMode, defaults.Enforce, errors);
        var audit = Read(labels, AuditMode, defaults.Audit, errors);
        var warn = Read(labels, WarnMode, defaults.Warn, errors);
        return new PodSecurityPolicy(enforce, audit, RaiseToEnforced(labels, warn, enforce));
    }

    /// <summary>True when the two treat all pods alike: versions of the privileged level do not differ.</summary>
    public bool IsEquivalentTo(PodSecurityPolicy other) =>
        AreAlike(Enforce, other.Enforce) && AreAlike(Audit, other.Audit) && AreAlike(Warn, other.Warn);

    /// <summary>
    /// The modes that labels ask for, for example <c>enforce=baseline:latest, warn=restricted:v1.30</c>.
    /// </summary>
    public string Describe(IDictionary<string, string>? labels)
    {
        (Mode Mode, LevelVersion Asked)[] modes = [(EnforceMode, Enforce), (AuditMode, Audit), (WarnMode, Warn)];
        return string.Join(", ", modes
            .Where(m => m.Asked.Level != PodSecurityLevel.Privileged && labels is not null &&
                (labels.ContainsKey(m.Mode.LevelLabel) || labels.ContainsKey(m.Mode.VersionLabel)))
            .Select(m => $"{m.Mode.Name}={m.Asked}"));
    }

    private static bool AreAlike(LevelVersion left, LevelVersion right) =>
        left == right || (left.Level, right.Level) == (PodSecurityLevel.Privileged, PodSecurityLevel.Privileged);

    private static LevelVersion Read(
        IDictionary<string, string> labels, Mode mode, LevelVersion otherwise, FieldErrors errors)
    {
        var (level, version) = otherwise;
        if (labels.TryGetValue(mode.LevelLabel, out var text) && !LevelVersion.TryParseLevel(text, out level))
        {
            level = mode.Unreadable;
            errors.Invalid(LabelsPath.Key(mode.LevelLabel), text, "must be one of privileged, baseline, restricted");
        }

        if (labels.TryGetValue(mode.VersionLabel, out text) && !PodSecurityVersion.TryParse(text, out version))
        {
            errors.Invalid(LabelsPath.Key(mode.VersionLabel), text, "must be \"latest\" or \"v1.x\"");
        }

        return new LevelVersion(level, version);
    }

    /// <summary>Who enforces a level without a word about warnings is warned of its violations, too.</summary>
    private static LevelVersion RaiseToEnforced(
        IDictionary<string, string> labels, LevelVersion warn, LevelVersion enforce)
    {
        var isAsked = labels.TryGetValue(EnforceMode.LevelLabel, out var level)
            && LevelVersion.TryParseLevel(level, out _);
        return !isAsked || labels.ContainsKey(WarnMode.LevelLabel) || enforce.Level <= warn.Level ? warn
            : labels.ContainsKey(WarnMode.VersionLabel) ? warn with { Level = enforce.Level }
            : enforce;
    }

    /// <summary>What may happen to a violation, and the labels that say at which level.</summary>
    /// <param name="Name">As messages have it.</param>
    /// <param name="Unreadable">The level when the label cannot be read.</param>
    private sealed record Mode(string Name, PodSecurityLevel Unreadable)
    {
        public string LevelLabel { get; } = LabelPrefix + Name;

        public string VersionLabel { get; } = $"{LabelPrefix}{Name}-version";
    }
}
