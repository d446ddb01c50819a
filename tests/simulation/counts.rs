//! Structs of counts that can be added up.

/// Declares a struct of counts, and their addition.
macro_rules! counts {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$of:meta])* pub $count:ident: u64,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name {
            $($(#[$of])* pub $count: u64,)*
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                $(self.$count += other.$count;)*
            }
        }
    };
}

pub(crate) use counts;
