namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// What one silo hears of another: how long that one has been silent, and how much silence it is granted. Silence is
/// counted in the listener's own beats: a listener that was suspended, or got no processor, learns nothing about others
/// in that time. What is granted grows with how slowly the other has beaten lately. Pure.
/// </summary>
/// <param name="atFirst">What it is granted when nothing is known of it; fades to what it turns out to need.</param>
internal sealed class SiloHearing(TimeSpan atFirst)
{
    /// <summary>Between two beats of a silo that is awake.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// With the lease of the journals (1 s) and half a second for the rest, writes go on well within 5 s. Longer than
    /// any pause of the garbage collector that was seen.
    /// </summary>
    public static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// For a silo that is starting, and compiles code. With the rest it is still within 5 s; forgotten after another 5
    /// s.
    /// </summary>
    public static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(3);

    /// <summary>Beyond this, Orleans' own probes are the quicker ones.</summary>
    public static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(10);

    private const double PatienceFactor = 4;

    /// <summary>The slowest answer counts half after some 9 s.</summary>
    private const double Forgetting = 0.98;

    /// <summary>The slowest answer that is remembered; at first as if there had been one.</summary>
    private TimeSpan _slowest = atFirst / PatienceFactor;

    /// <summary>Listened to in vain since the last answer.</summary>
    public TimeSpan Silence { get; private set; }

    /// <summary>Of whom nothing was ever heard nothing can be said.</summary>
    public bool HasAnswered { get; private set; }

    public TimeSpan Patience
    {
        get
        {
            var measured = _slowest * PatienceFactor;
            return measured < ShortestPatience ? ShortestPatience : measured < LongestPatience ? measured : LongestPatience;
        }
    }

    public bool IsSilent => HasAnswered && Silence > Patience;

    /// <summary>The listener has beaten once more.</summary>
    public void Listen() => Silence += Beat;

    /// <summary>The other answered.</summary>
    public void Hear()
    {
        var faded = _slowest * Forgetting;
        _slowest = Silence > faded ? Silence : faded;
        Silence = TimeSpan.Zero;
        HasAnswered = true;
    }

    /// <summary>It is given its time anew.</summary>
    public void Excuse() => Silence = TimeSpan.Zero;
}
