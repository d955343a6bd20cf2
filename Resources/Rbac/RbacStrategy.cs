using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac;

/// <summary>
/// What roles and bindings share: names are anything that fits in a path, and a PUT may create. Escalation is not the
/// objects' matter but the authorizer's.
/// </summary>
public abstract class RbacStrategy<T>(bool isNamespaced) : ResourceStrategy<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public override bool AllowCreateOnUpdate => true;

    protected bool IsNamespaced => isNamespaced;

    public override void ValidateUpdate(T item, T old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, isNamespaced, ValidateName, errors);
        Validate(item, errors);
    }

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NameRules.PathSegment(name);
}
