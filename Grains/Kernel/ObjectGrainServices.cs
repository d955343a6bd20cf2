using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// What every object grain needs of its silo; kinds with more needs take them as further constructor parameters.
/// </summary>
public sealed class ObjectGrainServices(
    IPersistentStateFactory states, TimeProvider time, ILoggerFactory loggers)
{
    public TimeProvider Time => time;

    internal IPersistentStateFactory States => states;

    internal ILogger CreateLogger(Type grain) => loggers.CreateLogger(grain);
}
