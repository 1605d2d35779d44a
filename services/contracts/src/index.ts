export {
  allocateInput,
  allocation,
  batchDetails,
  batchQuantity,
  batchStock,
  cancelLineInput,
  changeBatchQuantityInput,
  createBatchInput,
  placement,
  productDetails,
} from './allocation.ts'
export { notificationStatus, notifications } from './notifications.ts'
export { system } from './system.ts'
export { emailAddress } from './values.ts'
