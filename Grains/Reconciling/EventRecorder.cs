using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Something worth telling about an object.</summary>
/// <param name="Involved">What it is about.</param>
/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
/// <param name="Reason">One word in CamelCase, for programs.</param>
/// <param name="Message">A sentence, for people.</param>
public sealed record EventNote(V1ObjectReference Involved, string Type, string Reason, string Message)
{
    public static EventNote Normal<T>(T involved, string reason, string message)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> => new(Refer(involved), "Normal", reason, message);

    public static EventNote Warning<T>(T involved, string reason, string message)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> => new(Refer(involved), "Warning", reason, message);

    /// <summary>The reference to an object, as events hold it.</summary>
    public static V1ObjectReference Refer<T>(T item)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> => new()
        {
            ApiVersion = ResourceOf<T>.ApiVersion,
            Kind = ResourceOf<T>.Kind,
            Name = item.Metadata.Name,
            NamespaceProperty = item.Metadata.NamespaceProperty,
            ResourceVersion = item.Metadata.ResourceVersion,
            Uid = item.Metadata.Uid,
        };
}

/// <summary>Records events in the name of one component. Never waits and never fails: events are best effort.</summary>
public sealed class EventRecorder(EventSink sink, string component, string controller)
{
    /// <summary>For tests and tools that need no events.</summary>
    public static EventRecorder None { get; } = new(EventSink.Closed, "", "");

    /// <summary>What events say that they come from.</summary>
    public string Component => component;

    /// <summary>The controller that writes them.</summary>
    public string Controller => controller;

    public void Record(EventNote note) => sink.Offer(this, note);

    public void Record(IEnumerable<EventNote> notes)
    {
        foreach (var note in notes)
        {
            Record(note);
        }
    }
}
