using System.Runtime.InteropServices;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What the kernel says of its clock, in the kernel's own units (<c>adjtimex(2)</c>).</summary>
public readonly partial record struct KernelClock
{
    // The state of a clock that nothing has set for too long, and the bit that times are in nanoseconds.
    private const int Unsynchronized = 5;
    private const int Nanoseconds = 0x2000;

    public bool IsSynchronized { get; init; }

    /// <summary><see cref="Offset"/> and <see cref="PulseJitter"/> are in nanoseconds, not microseconds.</summary>
    public bool IsInNanoseconds => (Status & Nanoseconds) != 0;

    public long Offset { get; init; }

    /// <summary>Parts per million with a fraction of 16 bits, as all frequencies here.</summary>
    public long Frequency { get; init; }

    /// <summary>In microseconds.</summary>
    public long MaximumError { get; init; }

    /// <summary>In microseconds.</summary>
    public long EstimatedError { get; init; }

    public int Status { get; init; }

    public long Constant { get; init; }

    /// <summary>In microseconds.</summary>
    public long Tick { get; init; }

    public long PulseFrequency { get; init; }

    public long PulseJitter { get; init; }

    public int PulseShift { get; init; }

    public long PulseStability { get; init; }

    public long PulseJitters { get; init; }

    public long PulseCalibrations { get; init; }

    public long PulseErrors { get; init; }

    public long PulseInstabilities { get; init; }

    /// <summary>In seconds.</summary>
    public int TaiOffset { get; init; }

    /// <summary>How it is now; null where the kernel does not say. Changes nothing.</summary>
    public static KernelClock? Read()
    {
        var answer = default(Timex);
        var state = NativeAdjust(ref answer);
        return state < 0 ? null : new KernelClock
        {
            IsSynchronized = state != Unsynchronized,
            Offset = answer.Offset,
            Frequency = answer.Frequency,
            MaximumError = answer.MaximumError,
            EstimatedError = answer.EstimatedError,
            Status = answer.Status,
            Constant = answer.Constant,
            Tick = answer.Tick,
            PulseFrequency = answer.PulseFrequency,
            PulseJitter = answer.PulseJitter,
            PulseShift = answer.PulseShift,
            PulseStability = answer.PulseStability,
            PulseJitters = answer.PulseJitters,
            PulseCalibrations = answer.PulseCalibrations,
            PulseErrors = answer.PulseErrors,
            PulseInstabilities = answer.PulseInstabilities,
            TaiOffset = answer.TaiOffset,
        };
    }

    /// <summary>struct timex of 64-bit Linux; as long as <c>modes</c> is 0, nothing is set.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 208)]
    private struct Timex
    {
        [FieldOffset(8)]
        public long Offset;

        [FieldOffset(16)]
        public long Frequency;

        [FieldOffset(24)]
        public long MaximumError;

        [FieldOffset(32)]
        public long EstimatedError;

        [FieldOffset(40)]
        public int Status;

        [FieldOffset(48)]
        public long Constant;

        [FieldOffset(88)]
        public long Tick;

        [FieldOffset(96)]
        public long PulseFrequency;

        [FieldOffset(104)]
        public long PulseJitter;

        [FieldOffset(112)]
        public int PulseShift;

        [FieldOffset(120)]
        public long PulseStability;

        [FieldOffset(128)]
        public long PulseJitters;

        [FieldOffset(136)]
        public long PulseCalibrations;

        [FieldOffset(144)]
        public long PulseErrors;

        [FieldOffset(152)]
        public long PulseInstabilities;

        [FieldOffset(160)]
        public int TaiOffset;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int NativeAdjust(ref Timex answer);
}
