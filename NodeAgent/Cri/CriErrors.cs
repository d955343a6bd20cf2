using Grpc.Core;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>Texts of runtime errors as gRPC clients in Go print them: that is what statuses and events show.</summary>
public static class CriErrors
{
    public static string Text(RpcException exception) =>
        $"rpc error: code = {exception.StatusCode} desc = {exception.Status.Detail}";

    /// <summary>What the runtime, or whatever else failed, has to say, without the code.</summary>
    public static string Detail(Exception exception) =>
        exception is RpcException answer ? answer.Status.Detail : exception.Message;
}
