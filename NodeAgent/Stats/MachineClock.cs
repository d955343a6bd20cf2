using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>How good the kernel's clock is, as node_exporter tells it: alerts on skewed clocks ask for this.</summary>
internal static class MachineClock
{
    private const double MicrosecondsPerSecond = 1e6;
    private const double NanosecondsPerSecond = 1e9;

    // Frequencies are parts per million with a fraction of 16 bits (adjtimex(2)).
    private const double PartsPerMillion = 1e6 * 65536;

    private static readonly (string Name, string Type, string Help, Func<KernelClock, double> Figure)[] Figures =
    [
        ("sync_status", "gauge", "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
            static c => c.IsSynchronized ? 1 : 0),
        ("offset_seconds", "gauge", "Time offset in between local system and reference clock.",
            static c => c.Offset / UnitsPerSecond(c)),
        ("frequency_adjustment_ratio", "gauge", "Local clock frequency adjustment.",
            static c => 1 + (c.Frequency / PartsPerMillion)),
        ("maxerror_seconds", "gauge", "Maximum error in seconds.",
            static c => c.MaximumError / MicrosecondsPerSecond),
        ("estimated_error_seconds", "gauge", "Estimated error in seconds.",
            static c => c.EstimatedError / MicrosecondsPerSecond),
        ("status", "gauge", "Value of the status array bits.", static c => c.Status),
        ("loop_time_constant", "gauge", "Phase-locked loop time constant.", static c => c.Constant),
        ("tick_seconds", "gauge", "Seconds between clock ticks.", static c => c.Tick / MicrosecondsPerSecond),
        ("pps_frequency_hertz", "gauge", "Pulse per second frequency.",
            static c => c.PulseFrequency / PartsPerMillion),
        ("pps_jitter_seconds", "gauge", "Pulse per second jitter.", static c => c.PulseJitter / UnitsPerSecond(c)),
        ("pps_shift_seconds", "gauge", "Pulse per second interval duration.", static c => c.PulseShift),
        ("pps_stability_hertz", "gauge", "Pulse per second stability, average of recent frequency changes.",
            static c => c.PulseStability / PartsPerMillion),
        ("pps_jitter_total", "counter", "Pulse per second count of jitter limit exceeded events.",
            static c => c.PulseJitters),
        ("pps_calibration_total", "counter", "Pulse per second count of calibration intervals.",
            static c => c.PulseCalibrations),
        ("pps_error_total", "counter", "Pulse per second count of calibration errors.", static c => c.PulseErrors),
        ("pps_stability_exceeded_total", "counter", "Pulse per second count of stability limit exceeded events.",
            static c => c.PulseInstabilities),
        ("tai_offset_seconds", "gauge", "International Atomic Time (TAI) offset.", static c => c.TaiOffset),
    ];

    /// <summary>Nothing where the kernel does not tell.</summary>
    public static void Write(MetricsText text, KernelClock? clock)
    {
        if (clock is { } known)
        {
            foreach (var (name, type, help, figure) in Figures)
            {
                One(text, $"node_timex_{name}", type, help, figure(known));
            }
        }
    }

    private static double UnitsPerSecond(KernelClock clock) =>
        clock.IsInNanoseconds ? NanosecondsPerSecond : MicrosecondsPerSecond;
}
