using Orleans.Runtime;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>What is known after a grain call has failed.</summary>
public static class CallFailures
{
    /// <summary>
    /// True when the call was surely not executed, so that a write may be repeated: the store refused it, or Orleans
    /// rejected the message instead of delivering it (a silo that stops does). Orleans' exception for a silo that went
    /// away in the middle of a call derives from that of rejections, and says nothing of the kind.
    /// </summary>
    public static bool WasNotExecuted(Exception failure) =>
        failure is StoreUnavailableException or GatewayTooBusyException
        || (failure.GetType() == typeof(OrleansMessageRejectionException)
            && failure.InnerException is null or StoreUnavailableException);
}
