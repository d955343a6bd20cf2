using Grpc.Core;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>Texts of runtime errors as gRPC clients in Go print them: that is what statuses and events show.</summary>
public static class CriErrors
{
    public static string Text(RpcException exception) =>
        $"rpc error: code = {CodeOf(exception.StatusCode)} desc = {exception.Status.Detail}";

    /// <summary>Go spells one of the codes in another way.</summary>
    public static string CodeOf(StatusCode code) => code == StatusCode.Cancelled ? "Canceled" : code.ToString();

    /// <summary>What the runtime, or whatever else failed, has to say, without the code.</summary>
    public static string Detail(Exception exception) =>
        exception is RpcException answer ? answer.Status.Detail : exception.Message;
}
